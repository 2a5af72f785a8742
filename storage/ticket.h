// A ticket is the number of a change set in the one global commit order: 1, 2, 3 … without holes.
#pragma once

#include <cstdint>

namespace tally::storage {

using Ticket = uint64_t;

// "Never": less than every ticket that was given out.
inline constexpr Ticket kNoTicket = 0;

// The last ticket that can be given out (4,000 years at a thousand commits a second). Fits an
// Object's state word.
inline constexpr Ticket kMaxTicket = (uint64_t{1} << 47) - 1;

// Stands for the ticket that the change set now being gathered will get: greater than every real
// one, so that "is this ticket durable?" is answered "no" for it.
inline constexpr Ticket kOpenTicket = kMaxTicket + 1;

}  // namespace tally::storage
