#include "millrace/state/process_state_shell.h"

#include "millrace/state/rocks/rocks_runs.h"
#include "millrace/state/spill/spill_thread_shell.h"

namespace millrace::state {

Result<std::unique_ptr<ProcessState>> ProcessState::open(Disk& disk, const std::string& state_dir,
                                                         const std::string& application_id,
                                                         Uuid fresh_process_id) {
    std::unique_ptr<ProcessState> state(new ProcessState());
    MR_TRY(state->directory_,
           StateDirectory::open(disk, state_dir, application_id, fresh_process_id));
    state->runs_ = make_rocks_runs(state->directory_->runs_path(), {});
    state->spills_ = make_spill_thread();
    return state;
}

ProcessState::~ProcessState() {
    spills_.reset();
}

std::unique_ptr<DirectoryProvider> ProcessState::provider(StateBudget budget) {
    return std::make_unique<DirectoryProvider>(*runs_, *spills_, budget);
}

}  // namespace millrace::state
