#include "server/store.hpp"

namespace server {
namespace {

constexpr int kVersion = 2;
constexpr const char* kSchema = R"sql(
CREATE TABLE agent (
    instance_uid     BLOB PRIMARY KEY,
    last_seen        INTEGER NOT NULL,  -- microseconds since the epoch
    capabilities     INTEGER NOT NULL,
    description      BLOB,              -- the parts as protobuf messages
    health           BLOB,
    effective_config BLOB,
    status_hash      BLOB,              -- RemoteConfigStatus
    status           INTEGER,
    status_error     TEXT
);
CREATE TABLE remote_config (
    instance_uid BLOB PRIMARY KEY REFERENCES agent ON DELETE CASCADE,
    hash         BLOB NOT NULL,
    set_at       INTEGER NOT NULL
);
CREATE TABLE remote_config_entry (
    instance_uid BLOB NOT NULL REFERENCES remote_config ON DELETE CASCADE,
    name         TEXT NOT NULL,
    body         BLOB NOT NULL,
    content_type TEXT NOT NULL,
    PRIMARY KEY (instance_uid, name)
);
)sql";

/// What version 2 has more.
constexpr const char* kSettingsSchema = R"sql(
ALTER TABLE agent ADD COLUMN settings_hash BLOB;  -- ConnectionSettingsStatus
ALTER TABLE agent ADD COLUMN settings_status INTEGER;
ALTER TABLE agent ADD COLUMN settings_error TEXT;
CREATE TABLE connection_settings (
    instance_uid BLOB PRIMARY KEY REFERENCES agent ON DELETE CASCADE,
    offers       BLOB NOT NULL,  -- ConnectionSettingsOffers
    set_at       INTEGER NOT NULL
);
CREATE TABLE credential (
    instance_uid BLOB PRIMARY KEY REFERENCES agent ON DELETE CASCADE,
    current      BLOB NOT NULL,  -- digests
    previous     BLOB NOT NULL,
    is_used      INTEGER NOT NULL
);
PRAGMA user_version = 2;
)sql";

constexpr const char* kSave = R"sql(
INSERT INTO agent VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
ON CONFLICT DO UPDATE SET
    last_seen = ?2, capabilities = ?3, description = coalesce(?4, description), health = coalesce(?5, health),
    effective_config = coalesce(?6, effective_config), status_hash = coalesce(?7, status_hash),
    status = coalesce(?8, status), status_error = coalesce(?9, status_error),
    settings_hash = coalesce(?10, settings_hash), settings_status = coalesce(?11, settings_status),
    settings_error = coalesce(?12, settings_error)
)sql";

std::int64_t to_number(Time time) {
    return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}
Time to_time(std::int64_t number) {
    return Time(std::chrono::microseconds(number));
}

template <typename Part>
std::optional<std::string> changed_bytes(bool changed, const std::optional<Part>& part) {
    return changed && part ? std::optional(opamp::encode(*part)) : std::nullopt;
}

KnownAgent agent_from(const Statement& row) {
    KnownAgent agent;
    agent.uid = base::Uuid::from_bytes(row.bytes(0)).value_or(base::Uuid());
    agent.last_seen = to_time(row.number(1));
    agent.state.capabilities = static_cast<std::uint64_t>(row.number(2));
    if (!row.is_null(3)) agent.state.description = opamp::decode_description(row.bytes(3));
    if (!row.is_null(4)) agent.state.health = opamp::decode_health(row.bytes(4));
    if (!row.is_null(5)) agent.state.effective_config = opamp::decode_config(row.bytes(5));
    if (!row.is_null(7))
        agent.state.remote_config_status =
            opamp::RemoteConfigStatus{row.bytes(6), static_cast<opamp::ConfigStatus>(row.number(7)), row.bytes(8)};
    if (!row.is_null(10))
        agent.state.connection_settings_status = opamp::ConnectionSettingsStatus{
            row.bytes(9), static_cast<opamp::ConfigStatus>(row.number(10)), row.bytes(11)};
    return agent;
}

base::Error with_remedy(base::Error error, const std::string& file) {
    return std::move(error)
        .within("state file '" + file + "'")
        .hint("give another one with --state, or stop the server that uses it");
}

}  // namespace

base::Result<std::unique_ptr<Store>> Store::open(const std::string& file) {
    auto database = Database::open_private(file);
    if (!database) return with_remedy(std::move(database).error(), file);
    auto store = std::make_unique<Store>();
    store->database_ = std::move(*database);
    if (auto prepared = store->prepare(); !prepared) return with_remedy(std::move(prepared).error(), file);
    return store;
}

base::Result<void> Store::prepare() {
    auto version = database_.prepare("PRAGMA user_version");
    if (!version) return std::move(version).error();
    if (auto row = version->next_row(); !row) return row.error();
    const auto found = version->number(0);
    *version = {};
    if (found > kVersion) return base::Error(base::Kind::invalid, "it was written by a newer version of this server");
    if (auto upgraded = upgrade(found); !upgraded) return upgraded;

    return database_.prepare({
        {&save_, kSave},
        {&save_seen_, "UPDATE agent SET last_seen = ?2 WHERE instance_uid = ?1"},
        {&forget_, "DELETE FROM agent WHERE instance_uid = ?1"},
        {&remove_config_, "DELETE FROM remote_config WHERE instance_uid = ?1"},
        {&add_config_, "INSERT INTO remote_config VALUES (?1, ?2, ?3)"},
        {&add_entry_, "INSERT INTO remote_config_entry VALUES (?1, ?2, ?3, ?4)"},
        {&select_agents_, "SELECT * FROM agent"},
        {&select_config_, "SELECT hash, set_at FROM remote_config WHERE instance_uid = ?1"},
        {&select_entries_, "SELECT name, body, content_type FROM remote_config_entry WHERE instance_uid = ?1"},
        {&save_settings_, "INSERT OR REPLACE INTO connection_settings VALUES (?1, ?2, ?3)"},
        {&remove_settings_, "DELETE FROM connection_settings WHERE instance_uid = ?1"},
        {&save_credential_, "INSERT OR REPLACE INTO credential VALUES (?1, ?2, ?3, ?4)"},
        {&select_settings_, "SELECT offers, set_at FROM connection_settings WHERE instance_uid = ?1"},
        {&select_credential_, "SELECT current, previous, is_used FROM credential WHERE instance_uid = ?1"},
    });
}

base::Result<void> Store::upgrade(std::int64_t from) {
    std::string steps;
    if (from < 1) steps += kSchema;
    if (from < 2) steps += kSettingsSchema;
    return steps.empty() ? base::Result<void>() : database_.execute(("BEGIN;" + steps + "COMMIT;").c_str());
}

base::Result<std::vector<KnownAgent>> Store::load() {
    std::vector<KnownAgent> agents;
    for (;;) {
        auto row = select_agents_.next_row();
        if (!row) return std::move(row).error();
        if (!*row) break;
        KnownAgent agent = agent_from(select_agents_);
        if (agent.uid != base::Uuid()) agents.push_back(std::move(agent));
    }
    for (KnownAgent& agent : agents) {
        if (auto loaded = load_configs(agent); !loaded) return std::move(loaded).error();
        if (auto loaded = load_settings(agent); !loaded) return std::move(loaded).error();
    }
    return agents;
}

base::Result<void> Store::load_configs(KnownAgent& agent) {
    select_config_.bind_blob(1, agent.uid.bytes());
    auto row = select_config_.next_row();
    if (!row) return std::move(row).error();
    if (!*row) return {};
    SetConfig config{{{}, select_config_.bytes(0)}, to_time(select_config_.number(1))};
    while (*row) {  // to its end, which makes the statement ready again
        row = select_config_.next_row();
        if (!row) return std::move(row).error();
    }
    select_entries_.bind_blob(1, agent.uid.bytes());
    for (;;) {
        row = select_entries_.next_row();
        if (!row) return std::move(row).error();
        if (!*row) break;
        config.config.files[select_entries_.bytes(0)] = {select_entries_.bytes(1), select_entries_.bytes(2)};
    }
    agent.config = std::move(config);
    return {};
}

base::Result<void> Store::load_settings(KnownAgent& agent) {
    select_settings_.bind_blob(1, agent.uid.bytes());
    auto row = select_settings_.next_row();
    if (row && *row) {
        // Bytes that cannot be read are of no use to the agent either.
        if (auto offers = opamp::decode_offers(select_settings_.bytes(0)))
            agent.settings = SetSettings{std::move(*offers), to_time(select_settings_.number(1))};
        row = select_settings_.next_row();  // to its end, which makes the statement ready again
    }
    if (!row) return std::move(row).error();
    select_credential_.bind_blob(1, agent.uid.bytes());
    row = select_credential_.next_row();
    if (row && *row) {
        agent.credential = {select_credential_.bytes(0), select_credential_.bytes(1),
                            select_credential_.number(2) != 0};
        row = select_credential_.next_row();
    }
    if (!row) return std::move(row).error();
    return {};
}

base::Result<void> Store::save(const base::Uuid& uid, const opamp::AgentState& state, const opamp::Changes& changes,
                               Time last_seen) {
    save_.bind_blob(1, uid.bytes())
        .bind(2, to_number(last_seen))
        .bind(3, static_cast<std::int64_t>(state.capabilities));
    save_.bind_optional(4, changed_bytes(changes.description, state.description));
    save_.bind_optional(5, changed_bytes(changes.health, state.health));
    save_.bind_optional(6, changed_bytes(changes.effective_config, state.effective_config));
    if (changes.remote_config_status && state.remote_config_status) {
        const opamp::RemoteConfigStatus& status = *state.remote_config_status;
        save_.bind_blob(7, status.hash).bind(8, static_cast<int>(status.status)).bind_text(9, status.error_message);
    }
    if (changes.connection_settings_status && state.connection_settings_status) {
        const opamp::ConnectionSettingsStatus& status = *state.connection_settings_status;
        save_.bind_blob(10, status.hash).bind(11, static_cast<int>(status.status)).bind_text(12, status.error_message);
    }
    return save_.run();
}

base::Result<void> Store::save_seen(const base::Uuid& uid, Time last_seen) {
    return save_seen_.bind_blob(1, uid.bytes()).bind(2, to_number(last_seen)).run();
}

base::Result<void> Store::save_config(const base::Uuid& uid, const std::optional<SetConfig>& config) {
    return database_.transact([&] { return replace_config(uid, config); });
}

base::Result<void> Store::replace_config(const base::Uuid& uid, const std::optional<SetConfig>& config) {
    if (auto removed = remove_config_.bind_blob(1, uid.bytes()).run(); !removed || !config) return removed;
    auto done = add_config_.bind_blob(1, uid.bytes())
                    .bind_blob(2, config->config.hash)
                    .bind(3, to_number(config->set_at))
                    .run();
    for (const auto& [name, file] : config->config.files) {
        if (!done) break;
        done = add_entry_.bind_blob(1, uid.bytes())
                   .bind_text(2, name)
                   .bind_blob(3, file.body)
                   .bind_text(4, file.content_type)
                   .run();
    }
    return done;
}

base::Result<void> Store::save_settings(const base::Uuid& uid, const std::optional<SetSettings>& settings,
                                        const OfferedCredential& credential) {
    auto done = database_.execute("PRAGMA synchronous = FULL; BEGIN");
    if (done) done = replace_settings(uid, settings, credential);
    if (done) done = database_.execute("COMMIT");
    if (!done) (void)database_.execute("ROLLBACK");
    (void)database_.execute("PRAGMA synchronous = NORMAL");
    return done;
}

base::Result<void> Store::replace_settings(const base::Uuid& uid, const std::optional<SetSettings>& settings,
                                           const OfferedCredential& credential) {
    auto done = settings ? save_settings_.bind_blob(1, uid.bytes())
                               .bind_blob(2, opamp::encode(settings->offers))
                               .bind(3, to_number(settings->set_at))
                               .run()
                         : remove_settings_.bind_blob(1, uid.bytes()).run();
    if (!done) return done;
    return save_credential_.bind_blob(1, uid.bytes())
        .bind_blob(2, credential.current)
        .bind_blob(3, credential.previous)
        .bind(4, credential.is_used ? 1 : 0)
        .run();
}

base::Result<void> Store::forget(const base::Uuid& uid) {
    return forget_.bind_blob(1, uid.bytes()).run();
}

}  // namespace server
