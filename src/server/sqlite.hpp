// SQLite with Results: a database file, and statements that are prepared once and run many times.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace server {

/// One SQL statement of a Database, which must outlive it.
class Statement {
public:
    Statement() = default;

    /// Values for ?1, ?2 …; NULL for a parameter never bound. Text and blobs are copied.
    Statement& bind(int index, std::int64_t number);
    Statement& bind_text(int index, std::string_view text);
    Statement& bind_blob(int index, std::string_view bytes);
    Statement& bind_optional(int index, const std::optional<std::string>& bytes);

    /// Runs a statement that returns no rows, and forgets what was bound. Errors: io.
    base::Result<void> run();
    /// The next row, if there is one; at the end the statement is ready to be run again. Errors: io.
    base::Result<bool> next_row();
    std::int64_t number(int column) const;
    std::string bytes(int column) const;
    bool is_null(int column) const;

private:
    friend class Database;
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const;
    };
    void reset();
    std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

class Database {
public:
    /// ":memory:" or a file, which is created; nobody else can open it meanwhile. Errors: io.
    static base::Result<Database> open(const std::string& file);

    /// Statements without parameters and rows, separated by semicolons.
    base::Result<void> execute(const char* sql);
    base::Result<Statement> prepare(const char* sql);

private:
    struct Closer {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Closer> database_;
};

}  // namespace server
