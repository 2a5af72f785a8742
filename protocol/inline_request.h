#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tally::protocol {

// Splits one inline request (a line without its line end) into arguments, appended to `*args`.
// Returns false when a quote is not closed, or is closed right before something that is not white
// space; `*args` is then of no use.
//
// White space separates. A quote may open anywhere in an argument and must end it:
//   "..."  knows \n \r \t \b \a, \xHH, and any other escaped character as itself;
//   '...'  knows only \'.
// An argument without quotes is a view into `line`; a quoted one is decoded into `*decoded`, whose
// bytes must stay until the arguments are used. `*decoded` may allocate as much as `line` is long;
// `line` is trusted to be short.
//
// As in Redis, but for NUL: here it is a byte like others (Redis never looks behind a NUL, and so
// never answers).
[[nodiscard]] bool SplitInlineRequest(std::string_view line, std::string* decoded,
                                      std::vector<std::string_view>* args);

}  // namespace tally::protocol
