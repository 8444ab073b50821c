// What the web application asks about images and classes.
#pragma once

#include "dashboard/data_parts.h"
#include "dashboard/router.h"

namespace nadir::dashboard {

// `parts` must outlive the router.
void add_image_routes(Router& router, const DataParts& parts);

void add_class_routes(Router& router, const DataParts& parts);

}  // namespace nadir::dashboard
