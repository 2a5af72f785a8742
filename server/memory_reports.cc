#include "server/memory_reports.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "server/core_totals.h"
#include "server/info_sections.h"
#include "server/memory_usage.h"
#include "server/services.h"
#include "storage/slot_table.h"

namespace tally::server {
namespace {

// A map whose size is known only at the end.
class Fields {
 public:
  explicit Fields(int resp) : writer_(&bytes_, resp) {}

  protocol::ReplyWriter& Add(std::string_view name) {
    ++count_;
    writer_.Bulk(name);
    return writer_;
  }
  void AddBytes(std::string_view name, uint64_t bytes) {
    Add(name).Integer(static_cast<int64_t>(bytes));
  }
  void AddRatio(std::string_view name, uint64_t part, uint64_t whole) {
    Add(name).Double(whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole));
  }
  void AddPercentage(std::string_view name, uint64_t part, uint64_t whole) {
    constexpr double kPercent = 100;
    const double share = static_cast<double>(part) * kPercent;
    Add(name).Double(whole == 0 ? 0 : share / static_cast<double>(whole));
  }
  void AddDifference(std::string_view name, uint64_t more, uint64_t less) {
    Add(name).Integer(static_cast<int64_t>(more) - static_cast<int64_t>(less));
  }
  void WriteTo(protocol::ReplyWriter& reply) const {
    reply.Map(count_);
    reply.Raw(bytes_);
  }

 private:
  std::string bytes_;
  protocol::ReplyWriter writer_;
  size_t count_ = 0;
};

// Tables, of each database that has keys. There is no second table for expiries.
uint64_t AddDatabases(Operation& op, Fields* fields) {
  uint64_t keys = 0;
  for (int database = 0; database < op.databases(); ++database) {
    const uint64_t objects = op.CountObjects(database);
    keys += objects;
    if (objects == 0) continue;
    constexpr size_t kFields = 3;
    protocol::ReplyWriter& reply = fields->Add(fmt::format("db.{}", database));
    reply.Map(kFields);
    reply.Bulk("overhead.hashtable.main");
    reply.Integer(static_cast<int64_t>(objects * storage::SlotTable::kEntryBytes));
    reply.Bulk("overhead.hashtable.expires");
    reply.Integer(0);
    reply.Bulk("overhead.hashtable.slot-to-keys");
    reply.Integer(0);
  }
  return keys;
}

}  // namespace

void ReplyMemoryStats(Operation& op) {
  const MemoryUsage memory = MeasureMemory();
  const uint64_t dataset =
      std::min(SumOf(op.services(), &CoreStatistics::object_bytes), memory.used);
  const uint64_t start = std::min(op.services().facts().start_memory, memory.used);
  const uint64_t grown = memory.used - start;
  Fields fields(op.reply().resp());
  fields.AddBytes("peak.allocated", memory.peak);
  fields.AddBytes("total.allocated", memory.used);
  fields.AddBytes("startup.allocated", start);
  for (const std::string_view absent :
       {"replication.backlog", "clients.slaves", "clients.normal", "cluster.links", "aof.buffer",
        "lua.caches", "functions.caches"}) {
    fields.AddBytes(absent, 0);
  }
  const uint64_t keys = AddDatabases(op, &fields);
  fields.AddBytes("overhead.total", memory.used - dataset);
  fields.AddBytes("keys.count", keys);
  fields.AddBytes("keys.bytes-per-key", keys == 0 ? 0 : grown / keys);
  fields.AddBytes("dataset.bytes", dataset);
  fields.AddPercentage("dataset.percentage", dataset, grown);
  fields.AddPercentage("peak.percentage", memory.used, memory.peak);
  fields.AddBytes("allocator.allocated", memory.used);
  fields.AddBytes("allocator.active", memory.active);
  fields.AddBytes("allocator.resident", memory.allocator_resident);
  fields.AddRatio("allocator-fragmentation.ratio", memory.active, memory.used);
  fields.AddDifference("allocator-fragmentation.bytes", memory.active, memory.used);
  fields.AddRatio("allocator-rss.ratio", memory.allocator_resident, memory.active);
  fields.AddDifference("allocator-rss.bytes", memory.allocator_resident, memory.active);
  fields.AddRatio("rss-overhead.ratio", memory.resident, memory.allocator_resident);
  fields.AddDifference("rss-overhead.bytes", memory.resident, memory.allocator_resident);
  fields.AddRatio("fragmentation", memory.resident, memory.used);
  fields.AddDifference("fragmentation.bytes", memory.resident, memory.used);
  fields.WriteTo(op.reply());
}

void DoctorMemory(Operation& op) {
  constexpr uint64_t kLittle = uint64_t{5} << 20;
  constexpr uint64_t kMuch = uint64_t{64} << 20;
  const MemoryUsage memory = MeasureMemory();
  const ResidencyInfo residency = op.services().residency_info();
  const uint64_t waiting = SumOf(op.services(), &CoreStatistics::waiting_operations);
  std::string findings;
  if (memory.used < kLittle) {
    findings = "The server uses too little memory for there to be anything to say about it.\n";
  } else {
    if (memory.peak > memory.used + memory.used / 2) {
      findings += fmt::format(
          "* It once used {}, much more than the {} of now; what the allocator keeps of that "
          "MEMORY PURGE gives back.\n",
          HumanBytes(memory.peak), HumanBytes(memory.used));
    }
    if (memory.resident > memory.used + std::max(kMuch, memory.used / 2)) {
      findings += fmt::format("* {} of physical memory hold no more than {} that are in use.\n",
                              HumanBytes(memory.resident), HumanBytes(memory.used));
    }
    if (waiting > 0) {
      findings += fmt::format(
          "* {} operations wait for objects to be read, or for room: the limit for objects in "
          "memory is {}. See maxmemory.\n",
          waiting, HumanBytes(residency.limit_bytes));
    }
    findings = findings.empty() ? "Nothing is noticeable about the server's memory.\n"
                                : "This is noticeable about the server's memory:\n\n" + findings;
  }
  op.reply().Verbatim("txt", findings);
}

}  // namespace tally::server
