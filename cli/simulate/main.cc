// simulate --seeds A..B | --seed N [--trace FILE] | --mutants [--seeds A..B] [--mutant NAME]
// [--fault-seconds S] [--jobs N]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "millrace/base/mutant.h"
#include "millrace/cli/simulate/simulation.h"

namespace {

using namespace millrace;
using namespace millrace::simulate;

struct Flags {
    std::uint64_t first = 1, last = 0;
    SimulationOptions options;
    bool mutants = false, rare_is_fine = false, hashes = false;
    std::optional<Mutant> mutant;
    int jobs = 1;
};

constexpr char kUsage[] =
    "usage: simulate --seeds A..B | --seed N [--trace FILE]   run seeds; fails when an invariant "
    "is violated, or when over 300\n"
    "                                                         seeds something happened less than "
    "20 times\n"
    "       simulate --mutants [--seeds A..B]                 each mutant (or the one of --mutant) "
    "must be found; says\n"
    "                                                         how many seeds it took\n"
    "  --mutant NAME        with this bug switched on\n"
    "  --fault-seconds S    simulated seconds of faults per seed (default 60)\n"
    "  --jobs N             processes at a time (default 1)\n"
    "  --hashes             print each seed's trace hash: equal in every process and at every "
    "optimisation level\n";

std::optional<Flags> parse(int argc, char** argv) {
    Flags flags;
    for (int i = 1; i < argc; ++i) {
        std::string flag = argv[i], value;
        if (const auto at = flag.find('='); at != std::string::npos) {
            value = flag.substr(at + 1);
            flag.resize(at);
        } else if (flag != "--mutants" && flag != "--hashes" && i + 1 < argc) {
            value = argv[++i];
        }
        if (flag == "--seeds") {
            const auto dots = value.find("..");
            if (dots == std::string::npos) return std::nullopt;
            flags.first = std::strtoull(value.c_str(), nullptr, 10);
            flags.last = std::strtoull(value.c_str() + dots + 2, nullptr, 10);
        } else if (flag == "--seed") {
            flags.first = flags.last = std::strtoull(value.c_str(), nullptr, 10);
        } else if (flag == "--trace") {
            flags.options.trace_file = value;
        } else if (flag == "--fault-seconds") {
            flags.options.fault_seconds = std::atof(value.c_str());
        } else if (flag == "--jobs") {
            flags.jobs = std::max(1, std::atoi(value.c_str()));
        } else if (flag == "--mutants") {
            flags.mutants = true;
        } else if (flag == "--hashes") {
            flags.hashes = true;
        } else if (flag == "--mutant") {
            for (int m = 1; m < static_cast<int>(Mutant::Count); ++m) {
                if (mutant::name(static_cast<Mutant>(m)) == value)
                    flags.mutant = static_cast<Mutant>(m);
            }
            if (!flags.mutant) return std::nullopt;
        } else {
            return std::nullopt;
        }
    }
    if (flags.last == 0) flags.last = flags.mutants ? 100 : 300;
    return flags.first <= flags.last ? std::optional(flags) : std::nullopt;
}

// A share of the seeds in a child; what it counted and found comes back through a pipe, as text.
struct Share {
    Coverage coverage;
    std::uint64_t records = 0, failed = 0;
};

void print_failure(const SeedResult& result) {
    std::printf("seed %llu FAILED", static_cast<unsigned long long>(result.seed));
    if (mutant::active != Mutant::None)
        std::printf(" (mutant %s)", std::string(mutant::name(mutant::active)).c_str());
    std::printf("\n");
    for (const std::string& violation : result.violations) std::printf("  %s\n", violation.c_str());
    std::printf("  replay: build/release/bin/simulate --seed %llu --trace trace.txt",
                static_cast<unsigned long long>(result.seed));
    if (mutant::active != Mutant::None)
        std::printf(" --mutant %s", std::string(mutant::name(mutant::active)).c_str());
    std::printf("\n");
    std::fflush(stdout);
}

Share run_share(const Flags& flags, int index) {
    Share share;
    for (std::uint64_t seed = flags.first + static_cast<std::uint64_t>(index); seed <= flags.last;
         seed += static_cast<std::uint64_t>(flags.jobs)) {
        const SeedResult result = simulate::simulate(seed, flags.options);
        share.coverage.add(result.coverage);
        share.records += result.records;
        if (flags.hashes) {
            std::printf("seed %llu trace %016llx events %llu\n",
                        static_cast<unsigned long long>(seed),
                        static_cast<unsigned long long>(result.trace),
                        static_cast<unsigned long long>(result.events));
            std::fflush(stdout);
        }
        if (!result.violations.empty()) {
            ++share.failed;
            print_failure(result);
        }
    }
    return share;
}

int run_seeds(const Flags& flags) {
    std::vector<int> pipes;
    std::vector<pid_t> children;
    for (int job = 0; job < flags.jobs; ++job) {
        int ends[2];
        if (pipe(ends) != 0) return 1;
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            const Share share = run_share(flags, job);
            const bool written = write(ends[1], &share, sizeof share) == sizeof share;
            std::fflush(stdout);
            _exit(written ? 0 : 1);
        }
        close(ends[1]);
        pipes.push_back(ends[0]);
        children.push_back(child);
    }
    Share all;
    bool crashed = false;
    for (int job = 0; job < flags.jobs; ++job) {
        Share share;
        if (read(pipes[static_cast<std::size_t>(job)], &share, sizeof share) == sizeof share) {
            all.coverage.add(share.coverage);
            all.records += share.records;
            all.failed += share.failed;
        } else {
            crashed = true;
        }
        int status = 0;
        waitpid(children[static_cast<std::size_t>(job)], &status, 0);
        crashed |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    const std::uint64_t seeds = flags.last - flags.first + 1;
    std::printf("%llu seeds, %llu records read back\n%s", static_cast<unsigned long long>(seeds),
                static_cast<unsigned long long>(all.records), all.coverage.table().c_str());
    if (crashed)
        std::printf(
            "a process died: the seed it ran is the one after the last it printed (use --jobs 1 "
            "--hashes)\n");
    if (all.failed > 0)
        std::printf("%llu seeds FAILED\n", static_cast<unsigned long long>(all.failed));
    std::string rare;
    if (seeds >= 300) rare = all.coverage.too_rare();
    if (!rare.empty())
        std::printf("FAILED: less than %llu times: %s\n", static_cast<unsigned long long>(kAtLeast),
                    rare.c_str());
    if (!crashed && all.failed == 0 && rare.empty()) std::printf("all invariants hold\n");
    return crashed || all.failed > 0 || !rare.empty() ? 1 : 0;
}

// Each mutant in a child of its own, seed after seed until an invariant breaks (or the process
// does).
bool run_mutant(const Flags& flags, Mutant mutant) {
    std::uint64_t seed = flags.first;
    bool found = false, died = false;
    std::string first;
    for (; seed <= flags.last && !found; ++seed) {
        int ends[2];
        if (pipe(ends) != 0) return false;
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            close(ends[0]);
            std::freopen("/dev/null", "w", stderr);
            mutant::active = mutant;
            const SeedResult result = simulate::simulate(seed, flags.options);
            const std::string text =
                result.violations.empty() ? "" : result.violations.front().substr(0, 300);
            if (write(ends[1], text.data(), text.size()) < 0) _exit(3);
            _exit(result.violations.empty() ? 0 : 2);
        }
        close(ends[1]);
        char text[512];
        ssize_t n;
        first.clear();
        while ((n = read(ends[0], text, sizeof text)) > 0)
            first.append(text, static_cast<std::size_t>(n));
        close(ends[0]);
        int status = 0;
        waitpid(child, &status, 0);
        died = !WIFEXITED(status);
        found = died || WEXITSTATUS(status) == 2;
    }
    const std::string label(mutant::name(mutant));
    if (found) {
        std::printf("%-32s found in %llu seeds: %s\n", label.c_str(),
                    static_cast<unsigned long long>(seed - flags.first),
                    died ? "a check failed" : first.c_str());
    } else {
        std::printf("%-32s NOT FOUND in %llu seeds\n", label.c_str(),
                    static_cast<unsigned long long>(flags.last - flags.first + 1));
    }
    std::fflush(stdout);
    return found;
}

int run_mutants(const Flags& flags) {
    std::vector<pid_t> children;
    for (int job = 0; job < flags.jobs; ++job) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            bool all = true;
            for (int m = 1 + job; m < static_cast<int>(Mutant::Count); m += flags.jobs) {
                if (!flags.mutant || *flags.mutant == static_cast<Mutant>(m))
                    all &= run_mutant(flags, static_cast<Mutant>(m));
            }
            _exit(all ? 0 : 1);
        }
        children.push_back(child);
    }
    bool all = true;
    for (const pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        all &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return all ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto flags = parse(argc, argv);
    if (!flags) {
        std::fputs(kUsage, stderr);
        return 2;
    }
    if (flags->mutants) return run_mutants(*flags);
    if (flags->mutant) millrace::mutant::active = *flags->mutant;
    return run_seeds(*flags);
}
