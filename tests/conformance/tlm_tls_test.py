#!/usr/bin/python3
"""Group TLM, how destinations are reached: TLS, certificates, headers, proxies."""

import stage as stage_module  # noqa: F401  (finds tests/support)
from certificates import Authority
from http_parts import Reply
from protocol import is_healthy
from rig import expect
from settings import certificate, trust
from stage import run
from suite import conformance
from telemetry import SIGNALS, accept, begin, goes_on, refuse, to


def secure_sink(stage, name="receiver", authority=None, subject_alt="IP:127.0.0.1,DNS:localhost", **options):
    return stage.sink(cert=(authority or stage.authority()).issue(name, subject_alt), **options)


# --- the scheme and the server's certificate


@conformance("[TLM-3] [TLM-1] http:// is taken, and https:// is TLS with the offered CA")
def schemes(stage):
    begin(stage)
    plain, secure = stage.sink(), secure_sink(stage)
    accept(stage, b"1", **to(plain))
    goes_on(stage, plain)
    accept(stage, b"2", **to(secure, tls=trust(stage.authority())))
    expect("https", secure.url("traces").startswith("https://"))
    goes_on(stage, secure)
    expect("each handshake is good", not secure.tls_failures())


def stranger(stage):
    return secure_sink(stage, authority=Authority(stage.folder, "strange")), {"tls": trust(stage.authority())}


def wrong_name(stage):
    return secure_sink(stage, subject_alt="DNS:elsewhere.example"), {"tls": trust(stage.authority())}


def without_tls(stage):
    sink = stage.sink()
    sink.scheme = "https"
    return sink, {"tls": trust(stage.authority())}


def too_old(stage):
    return secure_sink(stage), {"tls": {**trust(stage.authority()), "min_version": "1.2", "max_version": "1.1"}}


def no_certificate(stage):
    return secure_sink(stage, client_ca=stage.authority().file), {"tls": trust(stage.authority())}


def another_certificate(stage):
    client = Authority(stage.folder, "strange").issue("client")
    return secure_sink(stage, client_ca=stage.authority().file), {"tls": trust(stage.authority()), "certificate": certificate(client)}


def no_key(stage):
    cert = {"cert": stage.authority().issue("client").cert_pem().encode()}
    return secure_sink(stage, client_ca=stage.authority().file), {"tls": trust(stage.authority()), "certificate": cert}


def no_pem(stage):
    return secure_sink(stage), {"tls": {"ca_pem_contents": "x"}}


def bad_header(stage):
    return stage.sink(), {"headers": {"X Y": "secret-of-the-header"}}


def line_in_header(stage):
    return stage.sink(), {"headers": {"X-Y": "secret-of-the-header\r\nX-Z: 1"}}


REFUSED = {"signed by a stranger": stranger, "of another name": wrong_name, "without TLS": without_tls, "of no version in common": too_old,
           "that asks for a certificate": no_certificate, "that does not know the certificate": another_certificate,
           "with a certificate without its key": no_key, "with a CA that is none": no_pem, "with a header that is none": bad_header,
           "with two headers in one": line_in_header}


@conformance("[TLM-3] [TLM-5] [TLM-13] a receiver that cannot be told is FAILED, and the one before goes on", REFUSED)
def refused(stage, make):
    begin(stage)
    before = stage.sink()
    accept(stage, b"1", **to(before))
    sink, more = make(stage)
    failed = refuse(stage, b"2", **to(sink, **more))
    error = failed.connection_settings_status.error_message
    expect(f"it says which: {error}", error.startswith("own_"))
    goes_on(stage, before)
    expect("nothing went there", not sink.requests())
    for text in (error.encode(), stage.daemon_log.read_bytes(), stage.state_text()):
        expect("no secret is told or kept", b"secret-of-the-header" not in text and b"PRIVATE KEY" not in text)


@conformance("[TLM-3] TLS and proxy stay as they were while offers have none, as for the connection to the server")
def tls_stays(stage):
    begin(stage)
    first, second, proxy = secure_sink(stage, "first"), secure_sink(stage, "second"), stage.proxy()
    accept(stage, b"1", **to(first, tls=trust(stage.authority()), proxy={"url": f"http://127.0.0.1:{proxy.port}"}))
    accept(stage, b"2", **to(second))
    goes_on(stage, second)
    expect(f"through the proxy: {proxy.requests}", f"127.0.0.1:{second.port}" in {one.target for one in proxy.requests})
    other = Authority(stage.folder, "other")
    third = secure_sink(stage, authority=other)
    accept(stage, b"3", **to(third, tls=trust(other)))
    goes_on(stage, third)
    refuse(stage, b"4", **to(second))


# --- client certificates


@conformance("[TLM-13] an offered client certificate is shown from then on, replaces the one before, and is gone with an offer without one")
def client_certificate(stage):
    # An agent that is given certificates as files keeps them with the revisions that name them.
    fs = begin(stage, {**stage.idle(), "own_telemetry": {"delivery": "none"}})
    authority = stage.authority()
    one, two = authority.issue("one"), authority.issue("two")
    first = secure_sink(stage, "first", client_ca=authority.file)
    accept(stage, b"1", **to(first, tls=trust(authority), certificate=certificate(one)))
    goes_on(stage, first)
    stage.kill()
    since = fs.now()
    stage.start()
    stage.wait_report("after a restart", is_healthy, since)
    goes_on(stage, first)
    expect("it is shown each time", {request["client_cert"] for request in first.requests()} == {"one"})
    second = secure_sink(stage, "second", client_ca=authority.file)
    accept(stage, b"2", **to(second, tls=trust(authority), certificate=certificate(two)))
    goes_on(stage, second)
    expect("the new one alone", {request["client_cert"] for request in second.requests()} == {"two"})
    expect("the one before is forgotten", one.key_pem().split("\n")[1].encode() not in stage.state_text())
    third = secure_sink(stage, "third", client_ca=authority.file, client_optional=True)
    accept(stage, b"3", **to(third, tls=trust(authority)))
    goes_on(stage, third)
    expect("none, though one was asked for", {request["client_cert"] for request in third.requests()} == {""})
    expect("none is kept", b"PRIVATE KEY" not in stage.state_text())


@conformance("[TLM-13] the settings file's client certificate is not for receivers that the server names")
def local_certificate(stage):
    authority = stage.authority()
    local, client = secure_sink(stage, "local", client_ca=authority.file), authority.issue("of-the-file")
    tls = {"ca_file": str(authority.file), "cert_file": str(client.cert), "key_file": str(client.key)}
    begin(stage, telemetry={"endpoint": local.base_url, "tls": tls})
    goes_on(stage, local)
    expect("there it is shown", {request["client_cert"] for request in local.requests()} == {"of-the-file"})
    offered = secure_sink(stage, "offered", client_ca=authority.file, client_optional=True)
    accept(stage, **to(offered))
    goes_on(stage, offered)
    expect("here it is not", {request["client_cert"] for request in offered.requests()} == {""})


@conformance("[TLM-13] each signal has its own certificate")
def certificate_each(stage):
    begin(stage)
    authority = stage.authority()
    sink = secure_sink(stage, client_ca=authority.file)
    offer = {}
    for signal in SIGNALS:
        offer.update(to(sink, signal, tls=trust(authority), certificate=certificate(authority.issue(f"for-{signal}"))))
    accept(stage, **offer)
    goes_on(stage, sink)
    expect("each shows its own", {(one["signal"], one["client_cert"]) for one in sink.requests()} == {(one, f"for-{one}") for one in SIGNALS})


# --- headers


@conformance("[TLM-12] offered headers are sent with each request of their signal, and are secret")
def headers(stage):
    local = stage.sink()
    begin(stage, telemetry={"endpoint": local.base_url, "headers": {"X-Local": "secret of the file"}})
    sink = stage.sink()
    offer = {}
    for signal in SIGNALS:
        offer.update(to(sink, signal, headers={"Authorization": f"Bearer secret-{signal}", "X-Tenant": signal}))
    accept(stage, b"1", **offer)
    stage.heal()
    goes_on(stage, sink)
    for one in sink.requests():
        seen = (one["headers"].get("authorization"), one["headers"].get("x-tenant"), one["headers"].get("x-local"))
        expect(f"{one['signal']}: {seen}", seen == (f"Bearer secret-{one['signal']}", one["signal"], None))
    accept(stage, b"2", **to(sink, "metrics"))
    sink.forget()
    goes_on(stage, sink)
    stage.wait_for("metrics", lambda: sink.requests("metrics"))
    expect("gone with the next offer", "x-tenant" not in sink.requests("metrics")[-1]["headers"])
    expect("the others stay", sink.requests("traces")[-1]["headers"]["x-tenant"] == "traces")
    log = stage.daemon_log.read_text() + stage.daemon_output.read_text()
    expect("not in the log", "secret-" not in log and "secret of the file" not in log)


# --- proxies


@conformance("[TLM-1] [TLM-2] an offered proxy is gone through", {"in the clear": False, "with TLS inside": True})
def proxies(stage, is_secure):
    begin(stage)
    proxy = stage.proxy()
    sink = secure_sink(stage) if is_secure else stage.sink()
    more = {"tls": trust(stage.authority())} if is_secure else {}
    accept(stage, **to(sink, proxy={"url": f"http://user:word@127.0.0.1:{proxy.port}", "connect_headers": {"X-Proxy": "yes"}}, **more))
    goes_on(stage, sink)
    expect(f"{proxy.requests}", {(one.method, one.target) for one in proxy.requests} == {("CONNECT", f"127.0.0.1:{sink.port}")})
    expect("with its credentials", all(one.headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk" for one in proxy.requests))
    expect("the header is the proxy's", all(one.headers["x-proxy"] == "yes" for one in proxy.requests))
    expect("neither is the receiver's", not any({"x-proxy", "proxy-authorization"} & set(one["headers"]) for one in sink.requests()))


@conformance("[TLM-5] a proxy that refuses is FAILED, and is not gone round")
def proxy_refuses(stage):
    begin(stage)
    before, sink, proxy = stage.sink(), stage.sink(), stage.proxy(refusal=Reply(407))
    accept(stage, b"1", **to(before))
    refuse(stage, b"2", **to(sink, proxy={"url": f"http://127.0.0.1:{proxy.port}"}))
    goes_on(stage, before)
    expect("it was asked", proxy.requests and not sink.requests())


if __name__ == "__main__":
    run()
