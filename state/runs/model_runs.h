#pragma once
// Sorted runs as a model over base/disk.h, for the simulator and for tests: everything is in memory
// too, each ingest is a file of its own, and a manifest, replaced atomically, names the files that
// count. Deterministic; one thread.
//
//   NNNNNN.run   u8 version (1) || { u8 kind || u32 family || u32 key || [u32 value] || bytes }* ||
//   u32 CRC-32C of all before
//                kinds: 1 value, 2 deletion, 3 removed range (key: begin, value: end), in the order
//                of the batch
//   manifest     "1" and the names of the files, one a line, || u32 CRC-32C
#include <map>

#include "millrace/base/disk.h"
#include "millrace/state/runs/runs.h"

namespace millrace::state {

class ModelRuns final : public Runs {
public:
    static Result<std::unique_ptr<ModelRuns>> open(Disk& disk, const std::string& path);

    Result<void> ingest(std::vector<FamilyBatch> batches, const std::function<bool()>& go) override;
    Result<void> multi_get(const std::string& family, std::span<const BytesView> keys,
                           std::vector<std::optional<Bytes>>& into) override;
    Result<std::unique_ptr<RunsCursor>> cursor(const std::string& family) override;
    bool empty() override { return files_.empty(); }
    void condemn(const std::string& why) override;

    using Family = std::map<std::string, std::string>;  // std::string compares as unsigned bytes
    const std::map<std::string, Family>& content() const { return families_; }

private:
    ModelRuns(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
    Result<void> load(const std::string& file);
    Result<void> write_manifest(const std::vector<std::string>& files);
    Result<void> write_run(const std::string& file, BytesView content);
    Result<void> compact();
    std::string next_file();

    Disk& disk_;
    std::string path_;
    std::vector<std::string> files_;
    std::uint64_t next_ = 1;
    std::map<std::string, Family> families_;
};

}  // namespace millrace::state
