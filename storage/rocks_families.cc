#include "storage/rocks_families.h"

#include <charconv>
#include <filesystem>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "storage/durable_file.h"

namespace tally::storage {
namespace {

constexpr std::string_view kOpen =
    "open the database (if it is damaged, restore the data directory from a backup)";

bool ParseJournalName(std::string_view name, uint64_t* part) {
  if (!name.starts_with(kJournalPrefix)) return false;
  *part = 0;
  std::from_chars(name.data() + kJournalPrefix.size(), name.data() + name.size(), *part);
  return *part > 0 && name == JournalFamilyName(*part);
}

bool IsKnown(const std::string& name) {
  uint64_t part;
  return name == rocksdb::kDefaultColumnFamilyName || name == kMetaFamily ||
         name == kObjectsFamily || ParseJournalName(name, &part);
}

// New, or not yet made when the first start was interrupted; but what holds data once had a CURRENT.
Status CheckIsNew(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error) && !error) return Status::Ok();
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string extension = entry->path().extension().string();
    if (extension != ".sst" && extension != ".log") continue;
    return Status::Failure(fmt::format(
        "{0}/CURRENT is missing, though {0} holds data ({1}). Restore the data directory from a "
        "backup",
        directory, entry->path().filename().string()));
  }
  return error ? FileFailure("read the directory", directory, error.value()) : Status::Ok();
}

Status ListFamilies(const std::string& directory, const rocksdb::DBOptions& options,
                    std::vector<std::string>* names) {
  Status status =
      RocksStatus(directory, "open the database (restore the data directory from a backup)",
                  rocksdb::DB::ListColumnFamilies(options, directory, names));
  if (!status.ok()) return status;
  for (const std::string& name : *names) {
    if (IsKnown(name)) continue;
    return Status::Failure(
        fmt::format("{} holds a column family '{}' that this program does not know. Start the "
                    "version of Tally that wrote it",
                    directory, name));
  }
  return Status::Ok();
}

// What the database has. A new one has nothing, and will have RocksDB's own family.
Status DescribeFamilies(const std::string& directory, const rocksdb::DBOptions& options,
                        const RocksFamilyOptions& family_options, bool* is_new,
                        std::vector<rocksdb::ColumnFamilyDescriptor>* descriptors) {
  std::error_code error;
  *is_new = !std::filesystem::exists(directory + "/CURRENT", error);
  if (error) return FileFailure("look at", directory + "/CURRENT", error.value());
  std::vector<std::string> names = {rocksdb::kDefaultColumnFamilyName};
  Status status = *is_new ? CheckIsNew(directory) : ListFamilies(directory, options, &names);
  if (!status.ok()) return status;
  descriptors->reserve(names.size());
  for (const std::string& name : names) descriptors->emplace_back(name, family_options.Of(name));
  return status;
}

void Assign(const std::vector<RocksFamily*>& families, RocksFamilies* out) {
  for (RocksFamily* family : families) {
    uint64_t part;
    if (family->GetName() == kMetaFamily) {
      out->meta = family;
    } else if (family->GetName() == kObjectsFamily) {
      out->objects = family;
    } else if (ParseJournalName(family->GetName(), &part)) {
      out->journal[part] = family;
    } else {
      out->unused = family;
    }
  }
}

Status AddMissing(const RocksFamilyOptions& family_options, RocksFamilies* out) {
  rocksdb::DB* db = out->db.get();
  Status status = Status::Ok();
  if (out->meta == nullptr) status = AddRocksFamily(db, family_options, kMetaFamily, &out->meta);
  if (status.ok() && out->objects == nullptr) {
    status = AddRocksFamily(db, family_options, kObjectsFamily, &out->objects);
  }
  if (!status.ok() || !out->journal.empty()) return status;
  RocksFamily* part = nullptr;
  status = AddRocksFamily(db, family_options, JournalFamilyName(1), &part);
  if (status.ok()) out->journal[1] = part;
  return status;
}

}  // namespace

Status RocksStatus(std::string_view where, std::string_view what, const rocksdb::Status& status) {
  if (status.ok()) return Status::Ok();
  return Status::Failure(fmt::format("{}: cannot {}: {}", where, what, status.ToString()));
}

std::string JournalFamilyName(uint64_t part) { return fmt::format("{}{}", kJournalPrefix, part); }

Status AddRocksFamily(rocksdb::DB* db, const RocksFamilyOptions& family_options,
                      std::string_view name, RocksFamily** family) {
  return RocksStatus(db->GetName(), fmt::format("make the column family {}", name),
                     db->CreateColumnFamily(family_options.Of(name), std::string(name), family));
}

Status OpenRocksForReading(const std::string& directory, const rocksdb::DBOptions& options,
                           const RocksFamilyOptions& family_options, RocksFamilies* out) {
  bool is_new = false;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  Status status = DescribeFamilies(directory, options, family_options, &is_new, &descriptors);
  if (!status.ok() || is_new) return status;
  std::vector<RocksFamily*> families;
  rocksdb::DB* db = nullptr;
  status =
      RocksStatus(directory, kOpen,
                  rocksdb::DB::OpenForReadOnly(options, directory, descriptors, &families, &db));
  if (!status.ok()) return status;
  out->db.reset(db);
  Assign(families, out);
  return status;
}

Status OpenRocksForWriting(const std::string& directory, const rocksdb::DBOptions& given_options,
                           const RocksFamilyOptions& family_options, RocksFamilies* out) {
  rocksdb::DBOptions options = given_options;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  Status status = DescribeFamilies(directory, options, family_options, &options.create_if_missing,
                                   &descriptors);
  if (!status.ok()) return status;
  std::vector<RocksFamily*> families;
  rocksdb::DB* db = nullptr;
  status = RocksStatus(directory, kOpen,
                       rocksdb::DB::Open(options, directory, descriptors, &families, &db));
  if (!status.ok()) return status;
  out->db.reset(db);
  Assign(families, out);
  return AddMissing(family_options, out);
}

Status CloseRocksFamilies(RocksFamilies families) {
  if (families.db == nullptr) return Status::Ok();
  std::vector<RocksFamily*> handles = {families.unused, families.meta, families.objects};
  for (const auto& [number, part] : families.journal) handles.push_back(part);
  for (RocksFamily* handle : handles) {
    if (handle == nullptr) continue;
    families.db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  return RocksStatus(families.db->GetName(), "close the database", families.db->Close());
}

}  // namespace tally::storage
