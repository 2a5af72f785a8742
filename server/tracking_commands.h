#pragma once

#include "server/operation.h"

namespace tally::server {

// CLIENT's subcommands about copies that clients keep of what they have read.
void SetTracking(Operation& op);
void SetCaching(Operation& op);
void TellTracking(Operation& op);
void TellRedirect(Operation& op);

}  // namespace tally::server
