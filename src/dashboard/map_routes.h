// What the web application asks about where images lie.
#pragma once

#include "dashboard/data_parts.h"
#include "dashboard/router.h"

namespace nadir::dashboard {

// `parts` must outlive the router.
void add_map_routes(Router& router, const DataParts& parts);

}  // namespace nadir::dashboard
