#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "config/redact_parts.hpp"
#include "config/redact_source.hpp"
#include "config/yaml_events.hpp"

namespace config {
namespace {

using YAML::anchor_t;
using YAML::Mark;

/// The text is valid YAML and means something else: a scalar alone, an assignment as a key.
struct NotYaml {};

/// A place in the text by document and anchor; anchors are counted anew in each document.
using Anchor = std::pair<int, anchor_t>;

/// Knows of each node whether it is a key, and whether it stands below the key of a secret.
class Walk : public yaml::Ignore {
public:
    explicit Walk(const Redactor& redactor) : redactor_(redactor) {}

    void OnDocumentStart(const Mark& mark) override {
        // At a bracket too many the parser finds empty documents for ever.
        if (document_ > 0 && mark.pos == document_start_) throw NotYaml{};
        document_start_ = mark.pos;
        ++document_;
        secret_names_.clear();
    }
    void OnNull(const Mark&, anchor_t) override {
        if (!is_key()) empty(is_secret());
        done(false);
    }
    void OnAlias(const Mark&, anchor_t anchor) override {
        if (!is_key()) alias(anchor, is_secret());
        done(secret_names_.contains(anchor));
    }
    void OnScalar(const Mark& mark, const std::string&, anchor_t anchor, const std::string& text) override {
        if (open_.empty()) throw NotYaml{};
        const bool names_secret = (is_key() || anchor != 0) && redactor_.is_secret(text);
        if (names_secret && anchor != 0) secret_names_.insert(anchor);
        scalar(mark, anchor, text);
        done(names_secret);
    }
    void OnSequenceStart(const Mark&, const std::string&, anchor_t anchor, YAML::EmitterStyle::value) override {
        open(anchor, false);
    }
    void OnMapStart(const Mark&, const std::string&, anchor_t anchor, YAML::EmitterStyle::value) override {
        open(anchor, true);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapEnd() override { close(); }

protected:
    virtual void empty(bool /*secret*/) {}
    virtual void alias(anchor_t, bool /*secret*/) {}
    virtual void scalar(const Mark&, anchor_t, const std::string& text) = 0;
    /// Of a node with an anchor: whether all in it is secret for what its aliases say.
    virtual bool opened(anchor_t) { return false; }

    bool is_key() const { return !open_.empty() && open_.back().at_key; }
    bool is_secret() const {
        return !open_.empty() && (open_.back().all_secret || (!open_.back().at_key && open_.back().value_secret));
    }
    /// The anchor around the place where we are; 0 if none.
    anchor_t around() const { return open_.empty() ? 0 : open_.back().anchor; }
    int document() const { return document_; }
    const Redactor& redactor_;

private:
    struct Open {
        bool map;
        bool at_key;
        bool all_secret;
        bool value_secret;
        anchor_t anchor;  ///< Its own or the nearest one around it.
    };

    void open(anchor_t anchor, bool map) {
        const bool secret = is_secret();
        const bool named = anchor != 0 && opened(anchor);
        open_.push_back({map, map, secret || named, false, anchor != 0 ? anchor : around()});
    }
    void close() {
        open_.pop_back();
        done(false);
    }
    /// A node has ended.
    void done(bool names_secret) {
        if (open_.empty() || !open_.back().map) return;
        if (open_.back().at_key) open_.back().value_secret = names_secret;
        open_.back().at_key = !open_.back().at_key;
    }

    std::vector<Open> open_;
    int document_ = 0;
    int document_start_ = 0;
    std::set<anchor_t> secret_names_;
};

/// Finds the anchors that an alias below a secret's key names, directly or in another such anchor.
class FindAnchors : public Walk {
public:
    using Walk::Walk;
    std::set<Anchor> take() { return std::move(secret_); }

    void OnDocumentEnd() override {
        while (!wanted_.empty()) {
            const anchor_t anchor = wanted_.back();
            wanted_.pop_back();
            if (!secret_.insert({document(), anchor}).second) continue;
            for (auto to = inside_.lower_bound({anchor, 0}); to != inside_.end() && to->first == anchor; ++to)
                wanted_.push_back(to->second);
        }
        inside_.clear();
    }

private:
    void alias(anchor_t anchor, bool secret) override {
        if (secret)
            wanted_.push_back(anchor);
        else if (around() != 0)
            inside_.insert({around(), anchor});
    }
    bool opened(anchor_t anchor) override {
        if (around() != 0) inside_.insert({around(), anchor});
        return false;
    }
    void scalar(const Mark&, anchor_t, const std::string&) override {}

    std::vector<anchor_t> wanted_;
    std::set<std::pair<anchor_t, anchor_t>> inside_;  ///< An anchor, and one that is in it.
    std::set<Anchor> secret_;
};

/// Writes the text anew, as far as the parser has come.
class Write : public Walk {
public:
    /// The parser reads `text` without its first `left_out` bytes, and `added` ones before it.
    Write(const Redactor& redactor, std::string_view text, std::size_t left_out, std::size_t added,
          std::set<Anchor> secret_anchors)
        : Walk(redactor), text_(text), left_out_(left_out), added_(added), secret_anchors_(std::move(secret_anchors)) {}

    Cleaned take() {
        if (secrets_ == 0) return {};
        out_ += text_.substr(copied_);
        return {secrets_, std::move(out_)};
    }

private:
    bool opened(anchor_t anchor) override { return secret_anchors_.contains({document(), anchor}); }

    void scalar(const Mark& mark, anchor_t anchor, const std::string& value) override {
        const bool named = anchor != 0 && opened(anchor);
        const bool secret = named || (is_secret() && !is_key());
        if (secret && is_reference(value)) return;
        const Source source = locate(text_, left_out_ + static_cast<std::size_t>(mark.pos) - added_, value);
        if (source.style == Source::Style::none) return;
        last_key_ = is_key() ? source : Source{};
        if (secret)
            replace_scalar(source, '"' + std::string(kRedacted) + '"');
        else if (source.style == Source::Style::block)
            clean_block(source);
        else
            clean(source, value);
    }

    /// `{hunter2}` below a secret's key: a key that nobody meant as one.
    void empty(bool secret) override {
        const Source key = std::exchange(last_key_, {});
        if (!secret || key.style == Source::Style::none || key.begin < copied_) return;
        const std::size_t next = text_.find_first_not_of(" \t", key.end);
        if (next != std::string_view::npos && text_[next] == ':') return;
        replace_scalar(key, '"' + std::string(kRedacted) + '"');
    }
    void alias(anchor_t, bool) override { last_key_ = {}; }

    void replace(std::size_t begin, std::size_t end, std::string_view with) {
        if (begin < copied_) throw Mismatch{};
        if (secrets_++ == 0) out_.reserve(text_.size() + text_.size() / 8);  // once: growing would take twice as much
        out_ += text_.substr(copied_, begin - copied_);
        out_ += with;
        copied_ = end;
    }

    /// A comment behind a block's indicators stays.
    void replace_scalar(const Source& source, std::string_view with) {
        const bool block = source.style == Source::Style::block;
        replace(source.begin, block ? source.header_end : source.end, with);
        if (!block || source.end <= source.body) return;
        std::size_t header_stop = source.body - 1;
        if (header_stop > source.header_end && text_[header_stop - 1] == '\r') --header_stop;
        replace(header_stop, source.end, {});
    }

    void clean_block(const Source& source) {
        if (source.end <= source.body) return;
        const std::string_view body = text_.substr(source.body, source.end - source.body);
        const std::string cleaned = redact_lines(body, redactor_);
        if (cleaned != body) replace(source.body, source.end, cleaned);
    }

    void clean(const Source& source, const std::string& value) {
        const Cleaned meant = clean_scalar(value, redactor_);
        if (meant.secrets == 0) return;
        if (is_key()) throw NotYaml{};  // `password = "a: b"` of another format, or a key that cannot be shown
        const std::size_t quote = source.style == Source::Style::plain ? 0 : 1;
        const std::string_view inner = text_.substr(source.begin + quote, source.end - source.begin - 2 * quote);
        const Cleaned written = clean_scalar(inner, redactor_);
        const bool brackets = quote == 0 && meant.text.find(kRedacted) != std::string::npos;
        const bool escapes = source.style == Source::Style::double_quoted && inner.find('\\') != std::string_view::npos;
        if (brackets || escapes || written.secrets != meant.secrets)
            replace(source.begin, source.end, base::json_string(meant.text));
        else
            replace(source.begin + quote, source.end - quote, written.text);
    }

    std::string_view text_;
    std::size_t left_out_;
    std::size_t added_;
    std::set<Anchor> secret_anchors_;
    std::string out_;
    std::size_t copied_ = 0;  ///< Of the text.
    std::size_t secrets_ = 0;
    Source last_key_;  ///< As long as its value may be missing.
};

void feed(std::string_view first, std::string_view text, YAML::EventHandler& handler) {
    yaml::ViewBuffer buffer(first, text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
}

}  // namespace

std::optional<Cleaned> redact_yaml(std::string_view text, const Redactor& redactor) {
    // The parser takes the byte 4 for the end of its input, and counts in int.
    constexpr std::size_t kMost = std::numeric_limits<int>::max() - 16;
    if (text.size() >= kMost || text.find('\x04') != std::string_view::npos) return std::nullopt;
    if (yaml::has_too_many_brackets(text)) return std::nullopt;
    const std::size_t mark = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    const std::string_view read = text.substr(mark);
    const std::string_view first = yaml::start_for(read);
    try {
        std::set<Anchor> secret_anchors;
        if (text.find('*') != std::string_view::npos && text.find('&') != std::string_view::npos) {
            FindAnchors find(redactor);
            feed(first, read, find);
            secret_anchors = find.take();
        }
        Write write(redactor, text, mark, first.size(), std::move(secret_anchors));
        feed(first, read, write);
        return write.take();
    } catch (const YAML::Exception&) {
        return std::nullopt;
    } catch (const Mismatch&) {
        return std::nullopt;
    } catch (const NotYaml&) {
        return std::nullopt;
    }
}

}  // namespace config
