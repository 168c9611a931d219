#include "server/sqlite.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/files.hpp"

namespace server {
namespace {

base::Error sqlite_error(sqlite3* database) {
    return base::Error(base::Kind::io, sqlite3_errmsg(database));
}

bool is_damaged(sqlite3* database) {
    const int code = sqlite3_errcode(database);
    return code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
}

}  // namespace

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}
void Database::Closer::operator()(sqlite3* database) const {
    sqlite3_close(database);
}

Statement& Statement::bind(int index, std::int64_t number) {
    sqlite3_bind_int64(statement_.get(), index, number);
    return *this;
}

Statement& Statement::bind_text(int index, std::string_view text) {
    sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                        SQLITE_UTF8);
    return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
    // A null pointer would make it NULL instead of an empty blob.
    sqlite3_bind_blob64(statement_.get(), index, bytes.empty() ? "" : bytes.data(), bytes.size(), SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_real(int index, double number) {
    sqlite3_bind_double(statement_.get(), index, number);
    return *this;
}

Statement& Statement::bind_optional(int index, const std::optional<std::string>& bytes) {
    if (bytes)
        bind_blob(index, *bytes);
    else
        sqlite3_bind_null(statement_.get(), index);
    return *this;
}

base::Result<void> Statement::run() {
    const auto row = next_row();
    reset();
    if (!row) return row.error();
    return {};
}

base::Result<bool> Statement::next_row() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) {
        base::Error error = sqlite_error(sqlite3_db_handle(statement_.get()));
        reset();
        return error;
    }
    reset();
    return false;
}

base::Result<std::optional<std::int64_t>> Statement::one_number() {
    auto row = next_row();
    if (!row) return std::move(row).error();
    if (!*row) return std::optional<std::int64_t>();
    const std::int64_t found = number(0);
    while (*row) {  // to its end, where the statement's work is done
        row = next_row();
        if (!row) return std::move(row).error();
    }
    return std::optional(found);
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

double Statement::real(int column) const {
    return sqlite3_column_double(statement_.get(), column);
}

std::string Statement::bytes(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    return data == nullptr
               ? std::string()
               : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

bool Statement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

base::Result<Database> Database::open(const std::string& file) {
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database;
    database.database_.reset(handle);
    if (code != SQLITE_OK) return sqlite_error(handle);
    // Exclusive before WAL: no shared-memory file, and a second server on the same file is refused.
    // NORMAL: a commit does not wait for the disk; a power cut may lose the last ones, but damages nothing.
    auto prepared = database.execute(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys "
        "= ON;"
        "PRAGMA journal_size_limit = 1048576; BEGIN IMMEDIATE; COMMIT;");
    if (!prepared && is_damaged(handle)) return base::Error(base::Kind::invalid, prepared.error().text());
    if (!prepared) return std::move(prepared).error();
    return database;
}

base::Result<Database> Database::open_private(const std::string& file) {
    const auto folder = std::filesystem::path(file).parent_path();
    if (!folder.empty())
        if (auto made = base::make_folder(folder, 0700); !made) return std::move(made).error();
    const mode_t before = ::umask(0077);  // the journal gets the file's mode
    auto database = open(file);
    ::umask(before);
    return database;
}

base::Result<void> Database::execute(const char* sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return sqlite_error(database_.get());
    return {};
}

base::Result<Statement> Database::prepare(const char* sql) {
    sqlite3_stmt* handle = nullptr;
    if (sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr) != SQLITE_OK)
        return sqlite_error(database_.get());
    Statement statement;
    statement.statement_.reset(handle);
    return statement;
}

base::Result<void> Database::prepare(std::initializer_list<std::pair<Statement*, const char*>> statements) {
    for (const auto& [statement, sql] : statements) {
        auto prepared = prepare(sql);
        if (!prepared) return std::move(prepared).error();
        *statement = std::move(*prepared);
    }
    return {};
}

}  // namespace server
