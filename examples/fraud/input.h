#pragma once
// The files of examples/fraud/data: payments and customers as records, and the planted truth.
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace fraud {

struct InputRecord {
    std::string topic, key, value;   // value: the JSON of topology.h
    std::int64_t timestamp = 0;      // ms since 1970
};

std::vector<InputRecord> read_customers(const std::string& csv);
// Calls `take` for each payment in file order (.csv or .csv.gz) until it returns false. Throws std::runtime_error.
void read_payments(const std::string& file, const std::function<bool(InputRecord)>& take);

// What is planted: the minutes in which a card has more than five payments can be found, an episode that straddles two
// minutes cannot, and says so.
class Verdict {
public:
    explicit Verdict(const std::string& truth_csv);
    void alert(const std::string& card, std::int64_t window_start, std::int64_t payments);
    std::size_t windows_alerted() const { return alerted_.size(); }
    struct Result {
        std::size_t found = 0, missed = 0, missed_straddling = 0, false_alerts = 0, planted = 0;
    };
    Result result() const;
    std::string text() const;

private:
    struct Episode {
        std::string id, card;
        std::int64_t first_ms = 0, last_ms = 0, max_in_clock_minute = 0;
    };
    std::vector<Episode> episodes_;   // velocity alone
    std::map<std::pair<std::string, std::int64_t>, std::int64_t> alerted_;   // card, window start -> payments
};

}  // namespace fraud
