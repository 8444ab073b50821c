// What the web application asks about embeddings: the atlas, neighbours and
// search.
#pragma once

#include "dashboard/data_parts.h"
#include "dashboard/projections.h"
#include "dashboard/router.h"

namespace nadir::dashboard {

// All must outlive the router; `parts` has embeddings.
void add_atlas_routes(
    Router& router, const DataParts& parts, Projections& projections);

void add_search_routes(Router& router, const DataParts& parts);

}  // namespace nadir::dashboard
