// SPDX-License-Identifier: MIT
//
// asioble scan: who advertises here.
#include <algorithm>
#include <map>

#include "tools/asioble/assigned_numbers.hpp"
#include "tools/asioble/device.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/text.hpp"

#include "bluetooth/advertising_data.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

struct ScanArguments {
    bool active = false;
    double seconds = 0;
    bool unique = false;
    bool all = false;
    std::string name;
    std::string service;
    int min_rssi = -128;
};

/// What a device has said of itself so far, in advertisements and scan responses.
struct Advertiser {
    bool connectable = false;
    std::int8_t rssi = 127;
    std::string name;
    std::vector<UUID> services;
    std::optional<std::uint16_t> company;
    Octets manufacturer;
    bool shown = false;

    /// Takes in a report; true when it said something new.
    bool learn(const ScanResult& result);
};

// Advertising event types (Vol 4 Part E 7.7.65.2)
constexpr std::uint8_t adv_ind = 0;
constexpr std::uint8_t adv_direct_ind = 1;
constexpr std::uint8_t adv_nonconn_ind = 3;
constexpr std::uint8_t scan_rsp = 4;

template <class T, class U> bool update(T& known, U&& heard) {
    if (known == heard) return false;
    known = std::forward<U>(heard);
    return true;
}

bool Advertiser::learn(const ScanResult& result) {
    const AdvertisingDataView data{result.adv_data};
    bool news = false;
    rssi = result.rssi;
    if (result.adv_type != scan_rsp)
        news |=
            update(connectable, result.adv_type == adv_ind || result.adv_type == adv_direct_ind);
    if (auto heard = data.name()) news |= update(name, std::move(*heard));
    if (auto heard = data.services(); !heard.empty()) news |= update(services, std::move(heard));
    if (const auto heard = data.manufacturer_data()) {
        news |= update(company, heard->company);
        news |= update(manufacturer, Octets{heard->data.begin(), heard->data.end()});
    }
    return news;
}

class Scan {
public:
    Scan(const Options& options, const ScanArguments& arguments)
        : arguments_(arguments), out_(options.json), device_(loop_, options) {
        if (!arguments.service.empty()) service_ = UUID::parse(arguments.service);
    }

    void run() {
        device_.on_event([this](const Event& event) {
            if (const auto* result = std::get_if<ScanResult>(&event)) on_result(*result);
            if (const auto* done = std::get_if<ScanDone>(&event)) done_ = done->error;
        });
        device_.activate();
        const auto duration =
            std::chrono::milliseconds{static_cast<std::int64_t>(arguments_.seconds * 1000)};
        // Listen all the time: somebody is waiting.
        device_->gap_scan(duration,
                          {.interval = 60ms, .window = 60ms, .active = arguments_.active});
        out_.say(out_.paint(Style::dim, line("ADDRESS", "TYPE", "RSSI", "NAME", "WHAT IT SAYS")));
        try {
            loop_.run_until([&] { return done_.has_value(); });
        } catch (const Interrupted&) {
            summarise();
            throw;
        }
        if (*done_) throw Failure{"the controller refused to scan: " + done_->message()};
        summarise();
    }

private:
    using Key = std::pair<Address, AddressType>;

    static std::string line(std::string_view address, std::string_view type, std::string_view rssi,
                            std::string_view name, std::string_view rest) {
        return pad(address, 19) + pad(type, 9) + pad(rssi, 6) + pad(name, 22) + std::string{rest};
    }
    void on_result(const ScanResult& result);
    bool wanted(const Advertiser& advertiser) const;
    void show(const Key& key, Advertiser& advertiser);
    void summarise();

    const ScanArguments& arguments_;
    std::optional<UUID> service_;
    Loop loop_;
    Output out_;
    Device device_;
    std::optional<error_code> done_;
    std::uint64_t reports_ = 0;
    std::map<Key, Advertiser> advertisers_;
    // Strangers may change their addresses as they like; this bounds what they make us remember.
    static constexpr std::size_t max_advertisers = 10'000;
};

void Scan::on_result(const ScanResult& result) {
    ++reports_;
    if (advertisers_.size() >= max_advertisers) advertisers_.clear();
    const Key key{result.addr, result.addr_type};
    const auto [found, is_new] = advertisers_.try_emplace(key);
    Advertiser& advertiser = found->second;
    const bool news = advertiser.learn(result) || is_new;
    if (!wanted(advertiser)) return;
    if (arguments_.unique) {
        // Half of what an actively scanned device says is in its scan response, so wait for that.
        const bool more_comes = arguments_.active && result.adv_type != adv_nonconn_ind &&
                                result.adv_type != adv_direct_ind && result.adv_type != scan_rsp;
        if (!advertiser.shown && !more_comes) show(key, advertiser);
    } else if (news || arguments_.all || !advertiser.shown) {
        show(key, advertiser);
    }
}

bool Scan::wanted(const Advertiser& advertiser) const {
    const auto same = [&](const UUID& uuid) { return uuid.same_as(*service_); };
    return advertiser.rssi >= arguments_.min_rssi &&
           (arguments_.name.empty() ||
            advertiser.name.find(arguments_.name) != std::string::npos) &&
           (!service_ || std::ranges::any_of(advertiser.services, same));
}

void Scan::show(const Key& key, Advertiser& advertiser) {
    advertiser.shown = true;
    const std::string address = to_string(key.first);
    const std::string_view type = to_string(key.second);
    const std::string rssi = advertiser.rssi == 127 ? "?" : std::to_string(advertiser.rssi);

    Json json{"device"};
    json.add("address", address).add("type", type).add("rssi", advertiser.rssi);
    json.add("connectable", advertiser.connectable).add("name", advertiser.name);
    std::vector<std::string> uuids;
    std::vector<std::string> says;
    for (const UUID& uuid : advertiser.services) {
        uuids.push_back(to_text(uuid));
        const std::string_view known = name_of(uuid);
        says.push_back(known.empty() ? uuids.back() : std::string{known});
    }
    json.add("services", uuids);
    if (advertiser.company) {
        const std::array<std::uint8_t, 2> id{static_cast<std::uint8_t>(*advertiser.company >> 8),
                                             static_cast<std::uint8_t>(*advertiser.company)};
        const std::string_view known = company_name(*advertiser.company);
        const std::string data = to_hex(Bytes{advertiser.manufacturer});
        json.add("company", *advertiser.company).add("manufacturer_data", data);
        says.push_back((known.empty() ? "company " + to_hex(id) : std::string{known}) + ": " +
                       data);
    }
    if (!advertiser.connectable) says.emplace_back("not connectable");
    const std::string name = pad(advertiser.name.empty() ? "-" : advertiser.name, 20);
    out_.tell(line(address, type, rssi, out_.paint(Style::bold, name), join(says)), json);
}

void Scan::summarise() {
    std::size_t devices = 0;
    for (auto& [key, advertiser] : advertisers_) {
        if (!wanted(advertiser)) continue;
        if (!advertiser.shown) show(key, advertiser);  // its scan response never came
        ++devices;
    }
    std::string text = std::to_string(devices) + (devices == 1 ? " device, " : " devices, ") +
                       std::to_string(reports_) + (reports_ == 1 ? " report" : " reports");
    if (reports_ == 0) text += ". Is anything advertising near here?";
    out_.tell(out_.paint(Style::dim, text),
              Json{"summary"}.add("devices", devices).add("reports", reports_));
}

}  // namespace

void add_scan(CLI::App& app, Program& program) {
    CLI::App* const command = app.add_subcommand("scan", "show who advertises here");
    const auto arguments = std::make_shared<ScanArguments>();
    command->add_flag("-a,--active", arguments->active,
                      "ask for scan responses, which often hold the name");
    command->add_option("-d,--duration", arguments->seconds, "end after so many seconds")
        ->type_name("S")
        ->check(CLI::Range(0.0, 86'400.0).description(""));
    CLI::Option* const unique =
        command->add_flag("-u,--unique", arguments->unique, "one line for each device");
    command->add_flag("--all", arguments->all, "a line for each report, news or not")
        ->excludes(unique);
    command->add_option("--name", arguments->name, "only devices whose name contains this")
        ->type_name("TEXT");
    command->add_option("--service", arguments->service, "only devices that offer this service")
        ->type_name("UUID")
        ->check([](const std::string& text) {
            return UUID::parse(text) ? "" : "a UUID has 4 hex digits (180f) or 32";
        });
    command->add_option("--rssi", arguments->min_rssi, "only devices heard with so many dBm")
        ->type_name("DBM")
        ->check(CLI::Range(-127, 20).description(""));
    command->callback([&program, arguments] {
        program.command = [&program, arguments] { Scan{program.options, *arguments}.run(); };
    });
}

}  // namespace bluetooth::tool
