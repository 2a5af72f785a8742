#pragma once

#include "server/operation.h"

namespace tally::server {

// ACL SETUSER, DELUSER, LOAD, SAVE: they change users, and see to the clients that this concerns, or to the file. So
// some of their replies come later.

void SetAclUser(Operation& op);
void DeleteAclUsers(Operation& op);
void LoadAclUsers(Operation& op);
void SaveAclUsers(Operation& op);

}  // namespace tally::server
