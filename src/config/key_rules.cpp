#include "config/key_rules.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"

namespace config {

using base::Error;
using base::Kind;
using base::Result;
using yaml::Value;

namespace {

constexpr std::size_t kDeepest = 200;
constexpr std::size_t kMostShown = 200;  // bytes of a path in an error

/// How a reader may take apart a key: at "::", at ".", at both, or not.
struct Split {
    bool at_colons, at_dots;
};
constexpr Split kWhole{false, false};
constexpr std::array<Split, 4> kSplits{{kWhole, {true, false}, {false, true}, {true, true}}};

std::vector<std::string> split(const std::string& key, Split how) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < key.size(); ++i) {
        const bool colons = how.at_colons && key.compare(i, 2, "::") == 0;
        if (colons || (how.at_dots && key[i] == '.')) {
            parts.emplace_back();
            i += colons ? 1 : 0;
        } else {
            parts.back() += key[i];
        }
    }
    return parts;
}

bool has_separator(const std::string& key) {
    return key.find('.') != std::string::npos || key.find("::") != std::string::npos;
}

/// Where one reading of the path has come to in each pattern.
struct Track {
    Split how = kWhole;
    std::vector<KeyPattern::Places> denied, allowed;
    bool is_allowed = false;  ///< The path, or what it is below, matches.
    const KeyPattern* denied_by = nullptr;
};
using Tracks = std::vector<Track>;

bool is_known_tag(const std::string& tag) {
    static constexpr std::array<std::string_view, 10> kKnown{"",       "!!str", "!!int", "!!float",  "!!bool",
                                                             "!!null", "!!map", "!!seq", "!!binary", "!!timestamp"};
    return std::find(kKnown.begin(), kKnown.end(), tag) != kKnown.end();
}

/// A value that is a reference and nothing else: what it stands for may be a map.
bool is_reference(const Value& value) {
    if (value.kind != Value::Kind::plain && value.kind != Value::Kind::quoted) return false;
    const auto first = value.text.find_first_not_of(" \t\r\n");
    const auto last = value.text.find_last_not_of(" \t\r\n");
    return first != std::string::npos && value.text.compare(first, 2, "${") == 0 && value.text[last] == '}';
}

}  // namespace

/// Goes down one document; what it returns first is the refusal.
class KeyWalk {
public:
    explicit KeyWalk(const KeyRules& rules) : rules_(rules) {}

    Result<void> document(const Value& root) {
        if (root.kind == Value::Kind::null && is_known_tag(root.tag)) return {};  // nothing is said
        if (root.kind == Value::Kind::map && root.entries.empty() && is_known_tag(root.tag)) return {};
        Track start;
        for (const KeyPattern& pattern : rules_.denied_) start.denied.push_back(pattern.begin());
        for (const KeyPattern& pattern : rules_.allowed_) start.allowed.push_back(pattern.begin());
        note_matches(start);
        return value(root, {start});
    }

private:
    Result<void> value(const Value& value, const Tracks& tracks) {
        for (const Track& track : tracks)
            if (track.denied_by) return denied(*track.denied_by);
        if (path_.size() > kDeepest) return Error(Kind::invalid, shown() + " is nested too deeply to be checked");
        if (!is_known_tag(value.tag))
            return Error(Kind::invalid, shown() + " has the tag " + base::json_string(value.tag) +
                                            ", and what it makes of the value cannot be checked")
                .hint("write the value without a tag");
        if (value.kind == Value::Kind::map && !value.entries.empty()) return map(value, tracks);
        if (value.kind == Value::Kind::list && !value.items.empty()) return list(value, tracks);
        return leaf(value, tracks);
    }

    Result<void> map(const Value& map, const Tracks& tracks) {
        for (const auto& [key, entry] : map.entries) {
            path_.push_back(key.text);
            if (auto fine = this->key(key); !fine) return fine;
            auto fine = key.text == "<<" ? merged(entry, tracks) : value(entry, below(tracks, key.text));
            if (!fine) return fine;
            path_.pop_back();
        }
        return {};
    }

    Result<void> key(const Value& key) {
        if (key.kind == Value::Kind::null) return Error(Kind::invalid, shown() + ": a null as a key cannot be checked");
        if (!key.tag.empty() && key.tag != "!!str")
            return Error(Kind::invalid, shown() + ": the tag " + base::json_string(key.tag) +
                                            " on a key, and what it makes of the key cannot be checked")
                .hint("write the key without a tag");
        if (key.text.find("${") != std::string::npos)
            return Error(Kind::invalid, shown() + ": a reference in a key cannot be checked")
                .hint("write the key itself");
        return {};
    }

    /// The children of a merge key's value stand beside it.
    Result<void> merged(const Value& entry, const Tracks& tracks) {
        if (path_.size() > kDeepest) return Error(Kind::invalid, shown() + " is nested too deeply to be checked");
        if (entry.kind == Value::Kind::map && is_known_tag(entry.tag)) return map(entry, tracks);
        if (entry.kind != Value::Kind::list || !is_known_tag(entry.tag)) return not_mergeable();
        for (const Value& item : entry.items) {
            if (item.kind != Value::Kind::map || !is_known_tag(item.tag)) return not_mergeable();
            if (auto fine = map(item, tracks); !fine) return fine;
        }
        return {};
    }

    Result<void> list(const Value& list, const Tracks& tracks) {
        for (std::size_t i = 0; i < list.items.size(); ++i) {
            path_.push_back(std::to_string(i));
            Tracks next = tracks;
            for (Track& track : next) take(track, path_.back(), Index::yes);
            if (auto fine = value(list.items[i], next); !fine) return fine;
            path_.pop_back();
        }
        return {};
    }

    Result<void> leaf(const Value& value, const Tracks& tracks) {
        for (const Track& track : tracks) {
            if (!rules_.allowed_.empty() && !track.is_allowed)
                return Error(Kind::invalid, "it sets " + shown() + ", which is not at or below a key of allowed_keys")
                    .hint("leave it out, or add it to allowed_keys");
            for (std::size_t i = 0; is_reference(value) && i < track.denied.size(); ++i)
                if (track.denied[i] != 0)
                    return Error(Kind::invalid, "it sets " + shown() +
                                                    " to a reference, which can bring what denied_keys has as " +
                                                    rules_.denied_[i].text())
                        .hint("write out what it stands for");
        }
        return {};
    }

    enum class Index { no, yes };

    /// One key further down, in every reading of it.
    Tracks below(const Tracks& tracks, const std::string& key) const {
        Tracks next = tracks;
        if (next.size() == 1 && has_separator(key)) {
            next.assign(kSplits.size(), tracks.front());
            for (std::size_t i = 0; i < kSplits.size(); ++i) next[i].how = kSplits[i];
        }
        for (Track& track : next)
            for (const std::string& part : split(key, track.how)) take(track, part, Index::no);
        return next;
    }

    /// To deny, an index and an empty part may be passed over.
    void take(Track& track, const std::string& segment, Index index) const {
        const std::string fold = folded(segment);
        for (std::size_t i = 0; i < track.denied.size(); ++i) {
            const auto before = track.denied[i];
            track.denied[i] = rules_.denied_[i].step(before, fold);
            if (index == Index::yes || fold.empty()) track.denied[i] |= before;
        }
        for (std::size_t i = 0; i < track.allowed.size(); ++i)
            track.allowed[i] = rules_.allowed_[i].step(track.allowed[i], segment);
        note_matches(track);
    }

    void note_matches(Track& track) const {
        for (std::size_t i = 0; i < track.denied.size() && !track.denied_by; ++i)
            if (rules_.denied_[i].is_match(track.denied[i])) track.denied_by = &rules_.denied_[i];
        for (std::size_t i = 0; i < track.allowed.size(); ++i)
            track.is_allowed = track.is_allowed || rules_.allowed_[i].is_match(track.allowed[i]);
    }

    Error denied(const KeyPattern& pattern) const {
        return Error(Kind::invalid, "it sets " + shown() + ", which denied_keys has as " + pattern.text())
            .hint("leave it out, or take it out of denied_keys");
    }
    Error not_mergeable() const {
        return Error(Kind::invalid, shown() + ": only maps can be merged with <<").hint("write out what is meant");
    }
    std::string shown() const {
        std::string path;
        for (const std::string& part : path_) path += (path.empty() ? "" : ".") + part;
        return path_.empty() ? "the whole document" : base::quoted_if_needed(base::shortened(path, kMostShown));
    }

    const KeyRules& rules_;
    std::vector<std::string> path_;
};

Result<KeyRules> KeyRules::make(const RemotePolicy& policy) {
    KeyRules rules;
    for (const std::string& text : policy.denied_keys) {
        auto pattern = KeyPattern::parse(text);
        if (!pattern) return std::move(pattern).error().within("denied_keys");
        rules.denied_.push_back(pattern->widened());
    }
    for (const std::string& text : policy.allowed_keys) {
        auto pattern = KeyPattern::parse(text);
        if (!pattern) return std::move(pattern).error().within("allowed_keys");
        rules.allowed_.push_back(*std::move(pattern));
    }
    return rules;
}

Result<void> KeyRules::check(const Value& document) const {
    return KeyWalk(*this).document(document);
}

}  // namespace config
