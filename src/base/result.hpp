// Result<T>: a value, or an Error that says what failed, where, with which value, and what to do about it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace base {

/// For code that must act on the failure; the text is for people.
enum class Kind {
    invalid,    ///< The input is at fault: trying again changes nothing.
    not_found,  ///< What was named does not exist.
    io,         ///< A file, a socket or the kernel failed.
    refused,    ///< The peer answered, and said no.
    timeout,    ///< No answer in time.
    too_large,  ///< Over a limit.
    cancelled,  ///< We ended it ourselves.
    bug,        ///< A library threw where it should not.
};

/// Lower case, no full stop: each layer adds what it was doing, and the chain reads as one sentence.
class [[nodiscard]] Error {
public:
    Error(Kind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

    /// Adds what was being done, in front: "reading 'a.yaml': permission denied".
    Error within(std::string_view context) && {
        message_.insert(0, std::string(context) + ": ");
        return std::move(*this);
    }
    /// Adds what the reader can do about it; the first hint given stays.
    Error hint(std::string_view what_to_do) && {
        if (hint_.empty()) hint_ = what_to_do;
        return std::move(*this);
    }

    Kind kind() const { return kind_; }
    const std::string& message() const { return message_; }
    const std::string& hint() const { return hint_; }
    /// Message and hint as one line.
    std::string text() const { return hint_.empty() ? message_ : message_ + " (" + hint_ + ")"; }

private:
    Kind kind_;
    std::string message_;
    std::string hint_;
};

template <typename T>
class [[nodiscard]] Result {
public:
    /// For Asio alone, which makes one to throw away when a task ends by an exception.
    Result() : state_(std::in_place_index<1>, Kind::bug, "there is no result") {}
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    const Error& error() const& { return std::get<1>(state_); }
    Error&& error() && { return std::get<1>(std::move(state_)); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    explicit operator bool() const { return !error_; }
    const Error& error() const& { return *error_; }
    Error&& error() && { return std::move(*error_); }

private:
    std::optional<Error> error_;
};

}  // namespace base
