#include "output/names.hpp"

#include <algorithm>
#include <set>

#include "base/number.hpp"

namespace output {
namespace {

constexpr std::string_view kPacked = ".gz";

}  // namespace

std::optional<Rotated> parse_rotated(std::string_view live, std::string_view name) {
    if (!name.starts_with(live)) return std::nullopt;
    name.remove_prefix(live.size());
    if (!name.starts_with('.')) return std::nullopt;
    name.remove_prefix(1);
    Rotated rotated;
    rotated.is_packed = name.ends_with(kPacked);
    if (rotated.is_packed) name.remove_suffix(kPacked.size());
    const auto number = base::parse_number<std::uint64_t>(std::string(name));
    // As we write it, and no other way: "01" and "+1" are names of somebody else's.
    if (!number || *number == 0 || std::to_string(*number) != name) return std::nullopt;
    rotated.number = *number;
    return rotated;
}

std::string name_of(std::string_view live, const Rotated& rotated) {
    return std::string(live) + "." + std::to_string(rotated.number) + (rotated.is_packed ? std::string(kPacked) : "");
}

std::vector<Rotated> surplus(const std::vector<Aged>& files, unsigned keep, base::Duration keep_for) {
    std::set<std::uint64_t> numbers;
    for (const Aged& aged : files) numbers.insert(aged.file.number);
    while (numbers.size() > keep) numbers.erase(numbers.begin());
    std::vector<Rotated> gone;
    for (const Aged& aged : files) {
        const bool is_old = keep_for > base::Duration(0) && aged.age > keep_for;
        if (is_old || !numbers.contains(aged.file.number)) gone.push_back(aged.file);
    }
    return gone;
}

std::vector<Rotated> packed_twice(const std::vector<Rotated>& files) {
    std::vector<Rotated> plain;
    for (const Rotated& file : files)
        if (!file.is_packed && std::ranges::find(files, Rotated{file.number, true}) != files.end())
            plain.push_back(file);
    return plain;
}

}  // namespace output
