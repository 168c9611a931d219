module opampd/tests/interop/peer

go 1.24.0

require (
	github.com/open-telemetry/opamp-go v0.23.0
	google.golang.org/protobuf v1.36.11
	opampd/tests/interop/secure v0.0.0
)

replace opampd/tests/interop/secure => ../secure

require github.com/gorilla/websocket v1.5.3 // indirect
