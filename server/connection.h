#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "protocol/read_buffer.h"
#include "server/client_dialogue.h"
#include "server/connection_socket.h"
#include "server/http_content.h"
#include "server/http_dialogue.h"
#include "server/output_buffer.h"
#include "server/session.h"
#include "server/statistics.h"
#include "server/tls_context.h"
#include "server/tls_dialogue.h"

namespace tally::server {

class Connection;

/// What a connection asks of its core.
class ConnectionHost {
 public:
  [[nodiscard]] virtual const SessionContext& session_context() const = 0;
  [[nodiscard]] virtual CoreStatistics& statistics() = 0;
  /// Calls `Flush` at the end of the turn.
  virtual void ScheduleFlush(Connection* connection) = 0;
  /// Calls `Pump` at the end of the turn.
  virtual void SchedulePump(Connection* connection) = 0;
  /// The connection has closed.
  virtual void Forget(Connection* connection) = 0;

 protected:
  ~ConnectionHost() = default;
};

/// Moves the bytes of one client between its socket and its session, or the HTTP in front of that.
///
/// Thread: its core's. It reads whenever the session accepts input, and writes once a turn, with one
/// call. An end of the client's input lets the replies that are due go out first; it ends a wait that
/// nothing else might end (WAITAOF for replicas, a request under CLIENT PAUSE). So that it is noticed
/// while the session is stalled, up to `kMaxReadAheadBytes` are read then; behind more unread input the
/// core's once-a-second look at quiet connections finds it. Pending socket operations keep it alive.
class Connection final
    : public SessionHost,
      public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter>,
      public boost::intrusive::list_base_hook<> {
 public:
  /// A read asks for so much at first; twice as much after each that was filled.
  static constexpr size_t kMinReadBytes = size_t{2} << 10;
  static constexpr size_t kMaxReadBytes = size_t{64} << 10;
  /// No read begins with so much unread while the session is stalled.
  static constexpr size_t kMaxReadAheadBytes = size_t{16} << 10;

  /// What is spoken. All null: Redis's protocol.
  struct Language {
    const HttpContent* http = nullptr;      ///< HTTP, and what it serves
    std::shared_ptr<const TlsContext> tls;  ///< inside TLS
  };
  Connection(ConnectionHost* core, ClientSocket socket, ClientState client, Language language);
  ~Connection() override;

  void Start();
  /// Writes what may be told; for the core, at the end of its turn.
  void Flush();
  /// Hands unread input to the session if it accepts some again, and goes on reading.
  void Pump();
  /// Ends the connection at once; what was not written is lost.
  void Close();
  void CloseAfterReplies();

  /// Takes no further requests; those taken are answered.
  void StopInput() { input_stopped_ = true; }
  /// Every request taken is answered and the replies are written.
  [[nodiscard]] bool IsDrained() const { return dialogue_->idle() && unsent_bytes() == 0; }

  [[nodiscard]] Session& session() { return *session_; }
  [[nodiscard]] bool closed() const { return closed_; }
  /// To be called once a second.
  void OnSecond() { dialogue_->OnSecond(); }
  /// To be asked once a second: for kPatienceS the client has taken nothing of replies for whose end others wait,
  /// or which it has to take; or it takes longer to ask than it may.
  [[nodiscard]] bool IsToBeCutOff();
  static constexpr int kPatienceS = 10;
  /// Frees buffers of a connection that has been quiet, and notices if its client is gone.
  void ShrinkIfIdle();

  // SessionHost: the core calls back at the end of its turn.
  void OnOutput() override;
  void OnReadyForInput() override;

 private:
  friend class Core;  // flush_scheduled_, pump_scheduled_

  void StartRead();
  void OnRead(const boost::system::error_code& error, size_t size);
  void WriteOut();
  void CloseIfFinished();
  void Linger();
  void OnEndOfInput();
  void NoteInput();
  [[nodiscard]] bool IsOverfull() const;
  [[nodiscard]] ClientDialogue* inner();
  void LookForHangUp();
  [[nodiscard]] size_t unsent_bytes() const { return out_.unsent().size(); }

  ConnectionHost* const core_;
  ClientSocket socket_;
  boost::intrusive_ptr<Session> session_;
  const std::unique_ptr<HttpDialogue> http_;
  const std::unique_ptr<TlsDialogue> tls_;
  ClientDialogue* const dialogue_;  // the outermost: tls_, else http_, else session_
  protocol::ReadBuffer in_;
  OutputBuffer out_;
  size_t unsent_a_second_ago_ = 0;
  int stuck_s_ = 0;
  size_t read_bytes_ = kMinReadBytes;
  bool reading_ = false;
  bool waiting_to_write_ = false;
  bool end_of_input_ = false;
  bool input_stopped_ = false;
  bool lingering_ = false;  // all is said and sent; what arrives is thrown away
  bool closed_ = false;
  bool flush_scheduled_ = false;
  bool pump_scheduled_ = false;
};

}  // namespace tally::server
