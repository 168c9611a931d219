#include <algorithm>
#include <functional>
#include <vector>

#include "settings/validate_agent.hpp"

namespace settings {
namespace {

/// One of several ways to say something.
struct Way {
    std::string key;
    bool is_given;
    std::function<void()> drop;
};

/// Leaves one of them: the agent's own, where its preset says another.
void keep_one(std::vector<Way> ways, Report& report) {
    std::erase_if(ways, [](const Way& way) { return !way.is_given; });
    const bool has_own = std::ranges::any_of(ways, [&](const Way& way) { return !report.is_from_preset(way.key); });
    const Way* kept = nullptr;
    for (const Way& way : ways) {
        if (has_own && report.is_from_preset(way.key))
            way.drop();
        else if (kept)
            report.add(way.key, "is given together with " + kept->key + " (keep one)");
        else
            kept = &way;
    }
}

}  // namespace

void check_reload(Reload& reload, const std::string& path, const Environment& environment, Report& report) {
    const std::string section = path + ".reload", confirm = section + ".confirm";
    ReloadConfirm& proof = reload.confirm;
    keep_one({{section + ".signal", reload.signal != 0, [&] { reload.signal = 0; }},
              {section + ".command", !reload.command.empty(), [&] { reload.command.clear(); }},
              {section + ".url", !reload.url.empty(), [&] { reload.url.clear(); }}},
             report);
    keep_one(
        {{confirm + ".url", !proof.url.empty() || !proof.line.empty(), [&] { proof.url.clear(), proof.line.clear(); }},
         {confirm + ".command", !proof.command.empty(), [&] { proof.command.clear(); }},
         {confirm + ".output", !proof.output.empty(), [&] { proof.output.clear(); }},
         {confirm + ".children", proof.children, [&] { proof.children = false; }},
         {confirm + ".notify", proof.notify, [&] { proof.notify = false; }}},
        report);
    check_command(reload.command, section + ".command", environment, report);
    check_command(proof.command, confirm + ".command", environment, report);
    if (proof.url.empty() && !proof.line.empty() && !report.failed(confirm + ".url"))
        report.add(confirm + ".url", "is missing (give the URL of the answer that the line is in)");
    const std::vector<std::string> orders{section + ".signal", section + ".command", section + ".url"};
    const bool is_ordered = std::ranges::any_of(orders, [&](const std::string& key) { return report.has(key); });
    const bool confirms =
        !proof.url.empty() || !proof.command.empty() || !proof.output.empty() || proof.children || proof.notify;
    if (confirms && !is_ordered)
        report.add(orders.front(),
                   "is missing (give the signal, or a command or url, that makes the agent read its config again)");
}

}  // namespace settings
