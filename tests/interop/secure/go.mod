module opampd/tests/interop/secure

go 1.24.0
