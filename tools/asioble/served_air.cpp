// SPDX-License-Identifier: MIT
#include "tools/asioble/served_air.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iostream>
#include <list>
#include <optional>
#include <utility>

#include "tools/asioble/loop.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/served_controller.hpp"
#include "transport/h4_server.hpp"

namespace bluetooth::tool {
namespace {

using transport::SnoopWriter;
using virtual_controller::AirDriver;
using virtual_controller::Counters;

/// Where the controllers are recorded, one file for each.
class SnoopFiles {
public:
    SnoopFiles(const std::string& path, bool with_keys) : with_keys_(with_keys) {
        if (path.empty()) return;
        pattern_ = path;
        if (std::filesystem::is_directory(pattern_)) pattern_ /= "controller.btsnoop";
        const std::filesystem::path folder =
            pattern_.has_parent_path() ? pattern_.parent_path() : std::filesystem::path{"."};
        if (::access(folder.c_str(), W_OK | X_OK) != 0)
            throw Failure{transport::system_failure("--snoop " + path, errno,
                                                    "name a file in a folder that you may write, "
                                                    "or such a folder")
                              .message};
    }

    /// "runs/air.N.btsnoop"; empty where there is to be none.
    std::string pattern() const { return pattern_.empty() ? "" : file("N").string(); }
    /// Nothing where there is to be none, or can be none; then the reason is told.
    std::optional<SnoopWriter> open(std::size_t number) const {
        if (pattern_.empty()) return std::nullopt;
        auto writer = SnoopWriter::open(file(std::to_string(number)).string(), {with_keys_});
        if (writer) return std::move(*writer);
        std::cerr << "asioble: host " << number << " is not recorded: " << writer.error().message
                  << '\n';
        return std::nullopt;
    }

private:
    std::filesystem::path file(const std::string& number) const {
        std::filesystem::path path = pattern_;
        return path.replace_extension(number + pattern_.extension().string());
    }

    std::filesystem::path pattern_;
    bool with_keys_;
};

/// Which profile and which address the next controller has: the lowest number that is free.
class Places {
public:
    std::size_t take() {
        const auto free = std::ranges::find(taken_, false);
        const auto place = static_cast<std::size_t>(free - taken_.begin());
        if (free == taken_.end()) taken_.push_back(false);
        taken_[place] = true;
        return place;
    }
    void release(std::size_t place) { taken_[place] = false; }
    std::size_t count() const { return static_cast<std::size_t>(std::ranges::count(taken_, true)); }

private:
    std::vector<bool> taken_;
};

class Serve {
public:
    Serve(const Options& options, const ControllerArguments& arguments)
        : arguments_(arguments),
          out_(options.json),
          snoop_files_(options.snoop, arguments.snoop_keys),
          driver_(AirDriver::create(loop_.context().get_executor(), arguments.seed,
                                    AirDriver::Pace::real_time, arguments.air)) {}

    void run() {
        for (const std::string& name : arguments_.names) listen(name);
        if (const std::string pattern = snoop_files_.pattern(); !pattern.empty())
            out_.say("Recording host N in " + pattern +
                     (arguments_.snoop_keys ? ", with its keys" : ""));
        out_.say("Every connection gets a controller of its own. Ctrl-C ends it.");
        loop_.run();
    }

private:
    struct Served {
        std::size_t number = 0;
        std::size_t place = 0;
        std::unique_ptr<ServedController> controller{};
    };

    void listen(const std::string& name) {
        const auto executor = loop_.context().get_executor();
        auto server = transport::H4Server::listen(executor, name);
        const bool remote = !server && server.error().code == errc::not_permitted;
        if (remote && arguments_.allow_remote)
            server = transport::H4Server::listen(executor, name, {.allow_remote = true});
        if (!server)
            throw Failure{server.error().message +
                              (remote ? "; --allow-remote, if all who reach it may have it" : ""),
                          server.error().code == errc::invalid_argument || remote ? exit_usage
                                                                                  : exit_failure};
        servers_.push_back(std::move(*server));
        servers_.back().start(
            [this](std::unique_ptr<transport::Transport> host) { accept(std::move(host)); });
        const std::string reached_by{servers_.back().client_name()};
        out_.tell(
            "Serving controllers: use them with " + out_.paint(Style::bold, "-t " + reached_by),
            Json{"listening"}.add("transport", reached_by));
        if (remote) out_.say("HCI knows no passwords: whoever reaches that gets a controller.");
    }

    void accept(std::unique_ptr<transport::Transport> host) {
        if (places_.count() == arguments_.max_hosts) return refuse();
        tell_refusals();
        const auto served = served_.emplace(served_.end());
        served->number = ++accepted_;
        served->place = places_.take();
        served->controller = std::make_unique<ServedController>(
            driver_, profile_of(served->place), std::move(host), snoop_files_.open(served->number),
            [this, served] { on_gone(served); });
        tell(*served, "host connected", "", record("host", *served));
    }

    virtual_controller::Profile profile_of(std::size_t place) const {
        virtual_controller::Profile profile;
        const auto& profiles = arguments_.profiles;
        if (!profiles.empty()) profile = profiles[std::min(place, profiles.size() - 1)];
        if (place < arguments_.addresses.size())
            profile.public_address = arguments_.addresses[place];
        return profile;
    }

    // Its place is free at once. It is still at work, so it goes later.
    void on_gone(std::list<Served>::iterator served) {
        const Counters& counters = served->controller->counters();
        std::string remark;
        if (counters.malformed_packets + counters.refused_commands + counters.refused_data != 0)
            remark = "; it sent " + std::to_string(counters.malformed_packets) +
                     " malformed packets, and against the rules " +
                     std::to_string(counters.refused_commands) + " commands and " +
                     std::to_string(counters.refused_data) + " data packets";
        tell(*served, "host has left", remark,
             record("gone", *served)
                 .add("malformed_packets", counters.malformed_packets)
                 .add("refused_commands", counters.refused_commands)
                 .add("refused_data", counters.refused_data)
                 .add("missed_reports", counters.missed_reports));
        places_.release(served->place);
        asio::post(loop_.context(), [this, served] { served_.erase(served); });
    }

    // Its connection ends with this. Whoever tries again and again does not fill the screen.
    void refuse() {
        if (++refused_ > 1) return;
        const std::string most = std::to_string(arguments_.max_hosts);
        out_.tell("Refused a host: there are as many as --max-hosts allows, " + most,
                  Json{"refused"}.add("max_hosts", arguments_.max_hosts));
    }
    void tell_refusals() {
        if (refused_ > 1) out_.say("Refused " + std::to_string(refused_) + " hosts in all");
        refused_ = 0;
    }

    std::string address_of(const Served& served) const {
        const Address& address = served.controller->address();
        return address.is_zero() ? "none" : to_string(address);
    }
    Json record(std::string_view event, const Served& served) const {
        Json json{event};
        json.add("number", served.number).add("address", address_of(served));
        const auto& names = arguments_.profile_names;
        if (!names.empty()) json.add("profile", names[std::min(served.place, names.size() - 1)]);
        return json;
    }
    void tell(const Served& served, std::string_view text, std::string_view remark,
              const Json& json) const {
        std::string line = out_.paint(Style::dim, '[' + std::to_string(served.number) + "] ");
        line += text;
        line += ", controller " + address_of(served);
        const auto& names = arguments_.profile_names;
        if (!names.empty()) line += " (" + names[std::min(served.place, names.size() - 1)] + ')';
        line += remark;
        out_.tell(line, json);
    }

    const ControllerArguments& arguments_;
    Loop loop_;
    Output out_;
    SnoopFiles snoop_files_;
    std::shared_ptr<AirDriver> driver_;
    std::vector<transport::H4Server> servers_;
    std::list<Served> served_;
    Places places_;
    std::size_t accepted_ = 0;
    std::size_t refused_ = 0;  // since the last that was accepted
};

}  // namespace

void serve_controllers(const Options& options, const ControllerArguments& arguments) {
    Serve{options, arguments}.run();
}

}  // namespace bluetooth::tool
