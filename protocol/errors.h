#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Every error text a client can get, once. Each is the whole text after the "-": a code in
// capitals, a space, words. The texts are Redis 7.0.15's as observed from outside, because clients
// match on them; those of commands that are younger, and Tally's own, are marked.
//
// Functions build the texts that name something the client sent. As in Redis such a name ends at
// its first NUL; a CR or LF in it is left for ReplyWriter::Error, which cleans every text it
// writes.
namespace tally::protocol::errors {

// --- Protocol: the connection is closed after one of these. ---
inline constexpr std::string_view kInlineTooBig = "ERR Protocol error: too big inline request";
inline constexpr std::string_view kUnbalancedQuotes =
    "ERR Protocol error: unbalanced quotes in request";
inline constexpr std::string_view kMultibulkCountTooBig =
    "ERR Protocol error: too big mbulk count string";
inline constexpr std::string_view kBulkCountTooBig =
    "ERR Protocol error: too big bulk count string";
inline constexpr std::string_view kInvalidMultibulkLength =
    "ERR Protocol error: invalid multibulk length";
inline constexpr std::string_view kInvalidBulkLength = "ERR Protocol error: invalid bulk length";
inline constexpr std::string_view kUnauthenticatedMultibulkLength =
    "ERR Protocol error: unauthenticated multibulk length";
inline constexpr std::string_view kUnauthenticatedBulkLength =
    "ERR Protocol error: unauthenticated bulk length";
// A '$' was due and `got` came. CR, LF and NUL are shown as a space.
std::string ExpectedBulk(char got);

// --- Any command ---
// `args` is the whole request, name first. The name is cut at 128 bytes, and no argument is added
// once 128 bytes of arguments are shown.
std::string UnknownCommand(std::span<const std::string_view> args);
// `command` is the canonical name ("client"); it is shown in capitals.
std::string UnknownSubcommand(std::string_view subcommand, std::string_view command);
// The same of a command that does not say which of the two is wrong.
std::string BadSubcommand(std::string_view subcommand, std::string_view command);
// `command` is the canonical full name: "get", "config|get".
std::string WrongArgumentCount(std::string_view command);
inline constexpr std::string_view kSyntax = "ERR syntax error";
inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kNotAFloat = "ERR value is not a valid float";
inline constexpr std::string_view kMustBePositive = "ERR value is out of range, must be positive";
std::string MustBeBetween(std::int64_t min, std::int64_t max);
inline constexpr std::string_view kTimeoutNotAnInteger =
    "ERR timeout is not an integer or out of range";
inline constexpr std::string_view kTimeoutNotAFloat = "ERR timeout is not a float or out of range";
inline constexpr std::string_view kTimeoutNegative = "ERR timeout is negative";
// A RESP2 client has subscribed to something. `command` is the canonical full name.
std::string NotForSubscribers(std::string_view command);
inline constexpr std::string_view kNotInTransaction =
    "ERR Command not allowed inside a transaction";

// --- MULTI, EXEC, DISCARD, WATCH ---
inline constexpr std::string_view kNestedMulti = "ERR MULTI calls can not be nested";
inline constexpr std::string_view kExecWithoutMulti = "ERR EXEC without MULTI";
inline constexpr std::string_view kDiscardWithoutMulti = "ERR DISCARD without MULTI";
inline constexpr std::string_view kWatchInsideMulti = "ERR WATCH inside MULTI is not allowed";
inline constexpr std::string_view kExecAbort =
    "EXECABORT Transaction discarded because of previous errors.";
// EXEC itself is refused with `error`, one of these texts.
std::string ExecAborted(std::string_view error);
// Tally's own.
inline constexpr std::string_view kTransactionTooLarge =
    "ERR the requests queued since MULTI are more than a transaction may hold";
inline constexpr std::string_view kTooManyWatchedKeys = "ERR more keys are watched than may be";

// --- Keys and values ---
// Tally's own: the disk failed, or gave back what was not written.
inline constexpr std::string_view kUnreadable =
    "ERR the object could not be read from the disk: see the server's log";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNoSuchKey = "ERR no such key";
inline constexpr std::string_view kSameObject = "ERR source and destination objects are the same";
inline constexpr std::string_view kOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kDecrementOverflow =
    "ERR decrement would overflow";  // DECRBY k INT64_MIN
inline constexpr std::string_view kNanOrInfinity = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kStringTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kOffsetOutOfRange = "ERR offset is out of range";
inline constexpr std::string_view kBitOffsetOutOfRange =
    "ERR bit offset is not an integer or out of range";
inline constexpr std::string_view kNotABit = "ERR bit is not an integer or out of range";
inline constexpr std::string_view kBitArgument = "ERR The bit argument must be 1 or 0.";
inline constexpr std::string_view kBitOpNotTakesOne =
    "ERR BITOP NOT must be called with a single source key.";
inline constexpr std::string_view kInvalidFieldType =
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 "
    "is.";
inline constexpr std::string_view kInvalidFieldOverflow = "ERR Invalid OVERFLOW type specified";
inline constexpr std::string_view kBitFieldOnlyReads =
    "ERR BITFIELD_RO only supports the GET subcommand";
inline constexpr std::string_view kLcsLenWithIdx =
    "ERR If you want both the length and indexes, please just use IDX.";
inline constexpr std::string_view kLcsTooLarge =
    "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len";
inline constexpr std::string_view kBusyKey = "BUSYKEY Target key name already exists.";
inline constexpr std::string_view kInvalidTtl = "ERR Invalid TTL value, must be >= 0";
inline constexpr std::string_view kInvalidIdleTime = "ERR Invalid IDLETIME value, must be >= 0";
inline constexpr std::string_view kInvalidFrequency =
    "ERR Invalid FREQ value, must be >= 0 and <= 255";
inline constexpr std::string_view kBadDumpFooter = "ERR DUMP payload version or checksum are wrong";
inline constexpr std::string_view kBadDumpData = "ERR Bad data format";
inline constexpr std::string_view kInvalidCursor = "ERR invalid cursor";
// `command` is the canonical name: "set", "getex", "pexpire".
std::string InvalidExpireTime(std::string_view command);
// INCREX came with Redis 8.8 and Valkey 9.2; texts as there. `what` is "Increment", "LBOUND", "UBOUND".
std::string NamedNotAnInteger(std::string_view what);
std::string NamedNotAFloat(std::string_view what);
inline constexpr std::string_view kBoundsReversed = "ERR LBOUND can't be greater than UBOUND";
inline constexpr std::string_view kEnxWithoutExpiry = "ERR ENX flag requires an expiration";
inline constexpr std::string_view kAppliedOverflow = "ERR applied increment would overflow";
inline constexpr std::string_view kAppliedInfinity = "ERR applied increment would be Infinity";
// EXPIRE and its family.
std::string UnsupportedOption(std::string_view option);
inline constexpr std::string_view kExpireNxWithOthers =
    "ERR NX and XX, GT or LT options at the same time are not compatible";
inline constexpr std::string_view kExpireGtWithLt =
    "ERR GT and LT options at the same time are not compatible";

inline constexpr std::string_view kNoAccessFrequency =
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
    "when switching between policies at runtime LRU and LFU data will take some time to adjust.";

// --- Databases ---
inline constexpr std::string_view kDbIndexOutOfRange = "ERR DB index is out of range";
inline constexpr std::string_view kInvalidFirstDbIndex = "ERR invalid first DB index";
inline constexpr std::string_view kInvalidSecondDbIndex = "ERR invalid second DB index";

// --- HELLO, AUTH ---
inline constexpr std::string_view kNoAuth = "NOAUTH Authentication required.";
inline constexpr std::string_view kHelloNoAuth =
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH "
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol "
    "version at the same time";
inline constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";
inline constexpr std::string_view kAuthWithoutPassword =
    "ERR AUTH <password> called without any password configured for the default user. Are you "
    "sure your configuration is correct?";
inline constexpr std::string_view kUnsupportedProtocol = "NOPROTO unsupported protocol version";
inline constexpr std::string_view kProtocolNotAnInteger =
    "ERR Protocol version is not an integer or out of range";
std::string HelloSyntax(std::string_view option);

// --- ACL ---
// `command` is the canonical full name.
std::string NoPermissionToRun(std::string_view command);
inline constexpr std::string_view kNoPermissionForKey =
    "NOPERM this user has no permissions to access one of the keys used as arguments";
inline constexpr std::string_view kNoPermissionForChannel =
    "NOPERM this user has no permissions to access one of the channels used as arguments";
// EXEC comes to what was allowed when it was queued.
inline constexpr std::string_view kCommandForbiddenSince =
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
    "call. This command is no longer allowed for the following reason: no permission to execute "
    "the command or subcommand";
inline constexpr std::string_view kKeyForbiddenSince =
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
    "call. This command is no longer allowed for the following reason: no permission to touch the "
    "specified keys";
inline constexpr std::string_view kChannelForbiddenSince =
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC "
    "call. This command is no longer allowed for the following reason: no permission to access "
    "one of the channels used as arguments";
inline constexpr std::string_view kBadUserName =
    "ERR Usernames can't contain spaces or null characters";
inline constexpr std::string_view kDefaultUserStays = "ERR The 'default' user cannot be removed";
inline constexpr std::string_view kPasswordBits =
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
    "number up to 4096";
inline constexpr std::string_view kNoAclFile =
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users "
    "via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis "
    "configuration file set) in order to store users in the Redis configuration.";
inline constexpr std::string_view kAclFileNotSaved =
    "ERR There was an error trying to save the ACLs. Please check the server logs for more "
    "information";
std::string BadAclRule(std::string_view rule, std::string_view problem);
std::string UnmatchedSelector(std::string_view rule);
// Of ACL DRYRUN.
std::string UserNotFound(std::string_view user);
std::string CommandNotFound(std::string_view command);

// --- CLIENT ---
inline constexpr std::string_view kInvalidClientName =
    "ERR Client names cannot contain spaces, newlines or special characters.";
inline constexpr std::string_view kNoSuchClient = "ERR No such client";
inline constexpr std::string_view kClientIdNotPositive = "ERR client-id should be greater than 0";
inline constexpr std::string_view kInvalidClientId = "ERR Invalid client ID";
inline constexpr std::string_view kClientPauseMode = "ERR CLIENT PAUSE mode must be WRITE or ALL";
inline constexpr std::string_view kUnblockReason =
    "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR";
std::string NoSuchUser(std::string_view user);
std::string UnknownClientType(std::string_view type);
// CLIENT SETINFO came with Redis 7.2; texts as there.
std::string UnrecognizedOption(std::string_view option);
std::string InvalidClientAttribute(std::string_view attribute);  // "lib-name", "lib-ver"
inline constexpr std::string_view kMaxClients = "ERR max number of clients reached";
inline constexpr std::string_view kProtectedMode =
    "DENIED This server is in protected mode: it asks for no password, and so takes clients of its "
    "own machine only. "
    "There, set a password (CONFIG SET requirepass) or end the protection (CONFIG SET "
    "protected-mode no).";

// --- CLIENT TRACKING, CLIENT CACHING ---
inline constexpr std::string_view kRedirectTwice =
    "ERR A client can only redirect to a single other client";
inline constexpr std::string_view kNoClientToRedirectTo =
    "ERR The client ID you want redirect to does not exist";
inline constexpr std::string_view kPrefixWithoutBroadcast =
    "ERR PREFIX option requires BCAST mode to be enabled";
inline constexpr std::string_view kBroadcastSwitched =
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
inline constexpr std::string_view kBroadcastWithOptIn =
    "ERR OPTIN and OPTOUT are not compatible with BCAST";
inline constexpr std::string_view kOptInAndOptOut =
    "ERR You can't specify both OPTIN mode and OPTOUT mode";
inline constexpr std::string_view kOptInSwitched =
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then "
    "re-enabling it with a different mode.";
inline constexpr std::string_view kCachingWithoutTracking =
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
    "OPTOUT "
    "mode enabled";
inline constexpr std::string_view kCachingYesWithoutOptIn =
    "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.";
inline constexpr std::string_view kCachingNoWithoutOptOut =
    "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.";
std::string PrefixOverlapsExisting(std::string_view prefix, std::string_view existing);
std::string PrefixOverlapsProvided(std::string_view prefix, std::string_view provided);

// --- COMMAND ---
inline constexpr std::string_view kInvalidCommand = "ERR Invalid command specified";
inline constexpr std::string_view kCommandHasNoKeys = "ERR The command has no key arguments";
inline constexpr std::string_view kCommandArgumentCount =
    "ERR Invalid number of arguments specified for command";

// --- CONFIG ---
std::string UnknownConfigOption(std::string_view option);
// `name` is the canonical name of the parameter; `reason` one of those below.
std::string ConfigSetFailed(std::string_view name, std::string_view reason);
inline constexpr std::string_view kConfigNotAnInteger =
    "argument couldn't be parsed into an integer";
inline constexpr std::string_view kConfigBadSavePoints = "Invalid save parameters";
inline constexpr std::string_view kConfigNotMemory = "argument must be a memory value";
inline constexpr std::string_view kConfigBoundsWords =
    "Wrong number of arguments in buffer limit configuration.";
inline constexpr std::string_view kConfigBoundsClass =
    "Invalid client class specified in buffer limit configuration.";
inline constexpr std::string_view kConfigBoundsValue =
    "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
inline constexpr std::string_view kConfigNotYesOrNo = "argument must be 'yes' or 'no'";
inline constexpr std::string_view kConfigImmutable = "can't set immutable config";
inline constexpr std::string_view kConfigProtected = "can't set protected config";
inline constexpr std::string_view kConfigDuplicate = "duplicate parameter";
inline constexpr std::string_view kConfigInvalidSave = "Invalid save parameters";
inline constexpr std::string_view kConfigBadEventLetter =
    "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
inline constexpr std::string_view kConfigBadPercentiles =
    "Invalid latency-tracking-info-percentiles parameters";
inline constexpr std::string_view kConfigPercentileRange =
    "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]";
std::string ConfigOutOfRange(std::int64_t min, std::int64_t max);
std::string ConfigNotOneOf(std::span<const std::string_view> choices);
std::string ConfigRewriteFailed(std::string_view problem);
inline constexpr std::string_view kNoConfigFile = "ERR The server is running without a config file";

// --- FUNCTION ---
inline constexpr std::string_view kFunctionFlushMode =
    "ERR FUNCTION FLUSH only supports SYNC|ASYNC option";
inline constexpr std::string_view kFunctionListNoName = "ERR library name argument was not given";
inline constexpr std::string_view kNoSuchLibrary = "ERR Library not found";
inline constexpr std::string_view kNoScriptRuns = "NOTBUSY No scripts in execution right now.";
inline constexpr std::string_view kNoFunctions = "ERR this server runs no functions";
std::string UnknownArgument(std::string_view argument);  // of FUNCTION LIST

// --- SAVE, SHUTDOWN, WAITAOF ---
inline constexpr std::string_view kSaveInProgress = "ERR Background save already in progress";
inline constexpr std::string_view kRewriteInProgress =
    "ERR Background append only file rewriting already in progress";
inline constexpr std::string_view kNoShutdown = "ERR No shutdown in progress.";
// WAITAOF came with Redis 7.2; text as there.
inline constexpr std::string_view kWaitAofDisabled =
    "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

// --- Replication, cluster, modules, users: what Redis says where they are off, or not in use. ---
inline constexpr std::string_view kInvalidMasterPort = "ERR Invalid master port";
inline constexpr std::string_view kFailoverNeedsReplicas =
    "ERR FAILOVER requires connected replicas.";
inline constexpr std::string_view kNoFailover = "ERR No failover in progress.";
inline constexpr std::string_view kFailoverTimeout = "ERR FAILOVER timeout must be greater than 0";
std::string UnrecognizedReplConf(std::string_view option);
inline constexpr std::string_view kClusterDisabled =
    "ERR This instance has cluster support disabled";
inline constexpr std::string_view kModuleNotAllowed =
    "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you "
    "can run it from a local connection, otherwise you need to set this option in the "
    "configuration file, and then restart the server.";
std::string UnknownCategory(std::string_view category);
// Tally's own.
inline constexpr std::string_view kNoReplication =
    "ERR this server does not replicate: it neither has a master nor feeds replicas";

// --- SLOWLOG, LATENCY, MONITOR ---
inline constexpr std::string_view kMonitorInTransaction =
    "ERR MONITOR isn't allowed for DENY BLOCKING client";
inline constexpr std::string_view kMonitorsOnly = "ERR Replica can't interact with the keyspace";
inline constexpr std::string_view kSlowLogCount = "ERR count should be greater than or equal to -1";
std::string NoLatencySamples(std::string_view event);

// --- DEBUG ---
std::string NotAProtocolType(std::string_view names);  // of DEBUG PROTOCOL
inline constexpr std::string_view kDebugNotAllowed =
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you "
    "can "
    "run it from a local connection, otherwise you need to set this option in the configuration "
    "file, and then restart the server.";
inline constexpr std::string_view kDebugReloadOptions =
    "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.";
// Tally's own.
inline constexpr std::string_view kDebugReloadForgetsNothing =
    "ERR DEBUG RELOAD has no NOSAVE here: it would forget what was acknowledged";

// --- Disk: the code is Redis's (clients know it), the words are Tally's. ---
inline constexpr std::string_view kLowDisk =
    "MISCONF The disk is nearly full, so writes are refused and reads go on. Writing resumes by "
    "itself when there is room.";

}  // namespace tally::protocol::errors
