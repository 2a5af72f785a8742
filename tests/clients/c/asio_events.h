#pragma once

#include <memory>

#include <boost/asio/io_context.hpp>
#include <hiredis/async.h>
#include <hiredis/hiredis.h>

namespace tally::clients {

/// Lets an Asio loop drive a hiredis context, as the library's own adapters do for other loops. The
/// context must be new: connected (or connecting), without an adapter. From then on it may be used
/// on the loop's thread only; the adapter goes when the library frees the context.
void RunOnAsio(boost::asio::io_context& loop, redisAsyncContext& context);

}  // namespace tally::clients
