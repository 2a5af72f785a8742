// MONITOR, from the session's side: it shows what its client sends, and its client may be one that watches.
#include <memory>
#include <string>

#include "server/monitors.h"
#include "server/session.h"
#include "server/wall_clock.h"

namespace tally::server {

/// What lines under way find: the session, as long as it wants them. Touched on the session's core only.
struct Session::MonitorLink {
  Session* session;
};

void Session::AfterRun(const Request& request) {
  Monitors& monitors = context_.executor->monitors();
  if (monitors.any()) monitors.Show(*request.command, request.args, client_);
  if (client_.monitoring && monitor_link_ == nullptr) {
    monitor_link_ = std::make_shared<MonitorLink>(MonitorLink{this});
    const auto deliver = [link = monitor_link_, core = context_.router->core(),
                          mailboxes = &context_.router->mailboxes()](const auto& line) {
      mailboxes->Call(core, [link, line] {
        if (link->session != nullptr) link->session->OnMonitorLine(*line);
      });
    };
    monitors.Add(client_.id, deliver);
  } else if (!client_.monitoring) {
    StopMonitoring();
  }
}

void Session::StopMonitoring() {
  if (monitor_link_ == nullptr) return;
  context_.executor->monitors().Remove(client_.id);
  monitor_link_->session = nullptr;
  monitor_link_ = nullptr;
}

// A client that does not keep up is cut off: what it would miss it could not tell from what never was.
void Session::OnMonitorLine(const std::string& line) {
  if (host_ == nullptr || client_.close_after_replies || over_limit_) return;
  CloseLocalPlace();
  Finish(replies_.Open(), line);
  if (MayBeOverLimit() && IsOverLimit(WallClock::NowMs())) StopMonitoring();
  host_->OnOutput();
}

}  // namespace tally::server
