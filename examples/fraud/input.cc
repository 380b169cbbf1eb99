#include "millrace/examples/fraud/input.h"

#include <zlib.h>

#include <stdexcept>

namespace fraud {

namespace {

void read_lines(const std::string& file, const std::function<bool(const std::string&)>& take) {
    gzFile in = gzopen(file.c_str(), "rb");   // reads plain files too
    if (in == nullptr) throw std::runtime_error("cannot open " + file);
    std::string line;
    char buffer[1 << 16];
    bool header = true, more = true;
    while (more) {
        const int n = gzread(in, buffer, sizeof buffer);
        if (n < 0) {
            gzclose(in);
            throw std::runtime_error("cannot read " + file);
        }
        if (n == 0) break;
        for (int i = 0; i < n && more; ++i) {
            if (buffer[i] != '\n') {
                line += buffer[i];
                continue;
            }
            if (!header) more = take(line);
            header = false;
            line.clear();
        }
    }
    gzclose(in);
}

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> cells(1);
    for (const char c : line) {
        if (c == ',') cells.emplace_back();
        else cells.back() += c;
    }
    return cells;
}

std::string number(std::string csv) {   // 41.00 -> 41: the shortest JSON number
    if (csv.find('.') == std::string::npos) return csv;
    while (csv.back() == '0') csv.pop_back();
    if (csv.back() == '.') csv.pop_back();
    return csv;
}

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kCustomersAt = 1'769'904'000'000;   // 2026-02-01: before the first payment

}  // namespace

std::vector<InputRecord> read_customers(const std::string& csv) {
    std::vector<InputRecord> records;
    read_lines(csv, [&](const std::string& line) {
        const auto c = split(line);
        if (c.size() < 9) throw std::runtime_error("a row of " + csv + " has " + std::to_string(c.size()) + " of 9 cells");
        records.push_back({"customers", c[0],
                           "{\"account\":\"" + c[1] + "\",\"city\":\"" + c[2] + "\",\"state\":\"" + c[3] +
                               "\",\"job_category\":\"" + c[7] + "\",\"birth_year\":" + c[8] + "}",
                           kCustomersAt});
        return true;
    });
    return records;
}

void read_payments(const std::string& file, const std::function<bool(InputRecord)>& take) {
    read_lines(file, [&](const std::string& line) {
        const auto c = split(line);
        if (c.size() < 9) throw std::runtime_error("a row of " + file + " has " + std::to_string(c.size()) + " of 13 cells");
        return take({"payments", c[2],
                     "{\"tx_id\":\"" + c[0] + "\",\"merchant\":\"" + c[3] + "\",\"category\":\"" + c[4] +
                         "\",\"channel\":\"" + c[5] + "\",\"amount\":" + number(c[6]) + ",\"country\":\"" + c[7] +
                         "\",\"state\":\"" + c[8] + "\"}",
                     std::stoll(c[1])});
    });
}

Verdict::Verdict(const std::string& truth_csv) {
    read_lines(truth_csv, [&](const std::string& line) {
        const auto c = split(line);
        if (c.size() > 9 && c[1] == "velocity") {
            episodes_.push_back({c[0], c[2], std::stoll(c[6]), std::stoll(c[7]), std::stoll(c[9])});
        }
        return true;
    });
}

void Verdict::alert(const std::string& card, std::int64_t window_start, std::int64_t payments) {
    std::int64_t& most = alerted_[{card, window_start}];
    if (payments > most) most = payments;
}

Verdict::Result Verdict::result() const {
    Result r;
    r.planted = episodes_.size();
    std::size_t explained = 0;
    for (const Episode& e : episodes_) {
        std::size_t windows = 0;
        for (std::int64_t start = e.first_ms / kMinute * kMinute; start <= e.last_ms; start += kMinute) {
            windows += alerted_.contains({e.card, start});
        }
        explained += windows;
        if (windows > 0) ++r.found;
        else if (e.max_in_clock_minute <= 5) ++r.missed_straddling;
        else ++r.missed;
    }
    r.false_alerts = alerted_.size() - explained;
    return r;
}

std::string Verdict::text() const {
    const Result r = result();
    return "verdict: " + std::to_string(alerted_.size()) + " windows alerted; of " + std::to_string(r.planted) +
           " planted velocity episodes " + std::to_string(r.found) + " found, " +
           std::to_string(r.missed + r.missed_straddling) + " missed (" + std::to_string(r.missed_straddling) +
           " straddle a minute with at most 5 payments in each: a tumbling minute cannot see them), " +
           std::to_string(r.false_alerts) + " false";
}

}  // namespace fraud
