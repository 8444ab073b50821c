// What the web application asks about runs.
#pragma once

#include "dashboard/event_hub.h"
#include "dashboard/router.h"
#include "dashboard/run_watch.h"

namespace nadir::dashboard {

// Both must outlive the router.
void add_run_routes(Router& router, const RunWatch& runs, EventHub& events);

}  // namespace nadir::dashboard
