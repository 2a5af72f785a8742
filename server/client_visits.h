#pragma once

#include "server/operation.h"

namespace tally::server {

// CLIENT LIST and CLIENT KILL: they ask every core for its clients, so their replies come later.

void ListClients(Operation& op);
void KillClients(Operation& op);

}  // namespace tally::server
