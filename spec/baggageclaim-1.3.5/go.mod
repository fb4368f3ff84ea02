// Module baggageclaim pins the baggageclaim 1.3.5 that the specs run against.
module baggageclaim

go 1.26.0

tool github.com/concourse/baggageclaim/cmd/baggageclaim

require (
	code.cloudfoundry.org/clock v0.0.0-20180518195852-02e53af36e6c // indirect
	code.cloudfoundry.org/lager v1.1.0 // indirect
	github.com/bmizerany/pat v0.0.0-20170815010413-6226ea591a40 // indirect
	github.com/concourse/baggageclaim v1.3.5 // indirect
	github.com/concourse/flag v0.0.0-20180907155614-cb47f24fff1c // indirect
	github.com/concourse/go-archive v0.0.0-20180803203406-784931698f4f // indirect
	github.com/dgrijalva/jwt-go v3.2.0+incompatible // indirect
	github.com/hashicorp/errwrap v1.0.0 // indirect
	github.com/hashicorp/go-multierror v1.0.0 // indirect
	github.com/jessevdk/go-flags v1.4.0 // indirect
	github.com/nu7hatch/gouuid v0.0.0-20131221200532-179d4d0c4d8d // indirect
	github.com/tedsuo/ifrit v0.0.0-20180802180643-bea94bb476cc // indirect
	github.com/tedsuo/rata v1.0.1-0.20170830210128-07d200713958 // indirect
	golang.org/x/crypto v0.0.0-20180910181607-0e37d006457b // indirect
	golang.org/x/sys v0.0.0-20180918153733-ee1b12c67af4 // indirect
)
