// YAML text to a tree: through the parser's events, because yaml-cpp's own nodes forget duplicate keys.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>

#include "settings/tree.hpp"

namespace settings {
namespace {

/// Aliases of aliases grow exponentially: a file of 1 KiB could ask for all memory.
constexpr std::size_t kMaxNodes = 100'000;

Mark mark_of(const YAML::Mark& mark, int file) {
    return {mark.line + 1, mark.column + 1, file};
}

std::size_t size_of(const Node& node) {
    std::size_t size = 1;
    for (const Node& item : node.items) size += size_of(item);
    for (const Entry& entry : node.entries) size += 1 + size_of(entry.value);
    return size;
}

class TreeBuilder : public YAML::EventHandler {
public:
    explicit TreeBuilder(int file) : file_(file) {}

    Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(named(anchor, make(mark))); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        nodes_ += size_of(anchors_[anchor]);
        if (nodes_ > kMaxNodes) throw YAML::ParserException(mark, "too large once its aliases are resolved");
        add(anchors_[anchor]);
    }

    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = make(mark, Node::Kind::scalar);
        node.text = value;
        node.written = value;
        add(named(anchor, std::move(node)));
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open_.push_back({make(mark, Node::Kind::sequence), {}, anchor});
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open_.push_back({make(mark, Node::Kind::map), {}, anchor});
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Node node;
        std::optional<Node> key;
        YAML::anchor_t anchor;
    };

    Node make(const YAML::Mark& mark, Node::Kind kind = Node::Kind::null) const {
        Node node;
        node.kind = kind;
        node.mark = mark_of(mark, file_);
        return node;
    }

    Node named(YAML::anchor_t anchor, Node node) {
        if (anchor != 0) anchors_[anchor] = node;
        return node;
    }

    void close() {
        Open done = std::move(open_.back());
        open_.pop_back();
        add(named(done.anchor, std::move(done.node)));
    }

    void add(Node node) {
        if (open_.empty()) {
            root_ = std::move(node);
            return;
        }
        Open& top = open_.back();
        if (top.node.kind == Node::Kind::sequence) {
            top.node.items.push_back(std::move(node));
        } else if (!top.key) {
            top.key = std::move(node);
        } else {
            node.mark = top.key->mark;
            top.node.entries.push_back({std::move(*top.key), std::move(node)});
            top.key.reset();
        }
    }

    int file_;
    Node root_;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, Node> anchors_;
    std::size_t nodes_ = 0;
};

/// Tabs are the one mistake that the parser's words do not lead to.
bool is_indented_by_tab(std::string_view text, Mark mark) {
    for (int line = 1; line < mark.line; ++line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return false;
        text.remove_prefix(end + 1);
    }
    const auto indentation = text.substr(0, text.find_first_not_of(" \t"));
    return indentation.find('\t') != std::string_view::npos;
}

}  // namespace

std::optional<Node> read_yaml(std::string_view text, Report& report, int file) {
    std::istringstream stream{std::string(text)};
    try {
        YAML::Parser parser(stream);
        TreeBuilder builder(file);
        if (!parser.HandleNextDocument(builder)) return Node{};
        TreeBuilder second(file);
        if (!parser.HandleNextDocument(second)) return builder.take();
        report.add(second.take().mark, "", "a second YAML document starts here (keep one)");
    } catch (const YAML::Exception& e) {
        const Mark mark = e.mark.is_null() ? Mark{1, 1, file} : mark_of(e.mark, file);
        const bool tab = is_indented_by_tab(text, mark);
        report.add(mark, "", "not valid YAML: " + e.msg + (tab ? " (indent with spaces, not with tabs)" : ""));
    }
    return std::nullopt;
}

}  // namespace settings
