// SQLite with Results: a database file, and statements that are prepared once and run many times.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

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
    Statement& bind_real(int index, double number);
    Statement& bind_optional(int index, const std::optional<std::string>& bytes);

    /// Runs a statement that returns no rows, and forgets what was bound. Errors: io.
    base::Result<void> run();
    /// The next row, if there is one; at the end the statement is ready to be run again. Errors: io.
    base::Result<bool> next_row();
    /// The number in the first column of the one row, if it returns one; then it is ready to be run again. Errors: io.
    base::Result<std::optional<std::int64_t>> one_number();
    std::int64_t number(int column) const;
    double real(int column) const;
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
    /// ":memory:" or a file, which is created; nobody else can open it meanwhile. Errors: io, invalid (it is no
    /// database, or a damaged one).
    static base::Result<Database> open(const std::string& file);

    /// The same, with its folder, so that nobody else can read it, nor the journal beside it.
    static base::Result<Database> open_private(const std::string& file);

    /// Statements without parameters and rows, separated by semicolons.
    base::Result<void> execute(const char* sql);
    base::Result<Statement> prepare(const char* sql);
    /// Each of them, up to the first that cannot be prepared.
    base::Result<void> prepare(std::initializer_list<std::pair<Statement*, const char*>> statements);
    /// What `work` does is one transaction: nothing of it is left where it fails, or throws.
    template <typename Work>
    base::Result<void> transact(const Work& work) {
        if (auto begun = execute("BEGIN"); !begun) return begun;
        Rollback rollback{this};
        base::Result<void> done = work();
        if (done) done = execute("COMMIT");
        if (done) rollback.database = nullptr;
        return done;
    }

private:
    struct Rollback {
        ~Rollback() {
            if (database != nullptr) (void)database->execute("ROLLBACK");
        }
        Database* database;
    };
    struct Closer {
        void operator()(sqlite3* database) const;
    };
    std::unique_ptr<sqlite3, Closer> database_;
};

}  // namespace server
