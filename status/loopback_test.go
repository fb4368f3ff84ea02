package status_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"weeder/status"
)

var _ = DescribeTable("a listen address that only the machine itself reaches",
	func(address string, loopback bool) {
		is, err := status.Loopback(address)
		Expect(err).NotTo(HaveOccurred())
		Expect(is).To(Equal(loopback))
	},
	Entry(nil, "127.0.0.1:7790", true),
	Entry(nil, "127.3.2.1:0", true),
	Entry(nil, "[::1]:7790", true),
	Entry(nil, "[::ffff:127.0.0.1]:7790", true),
	Entry(nil, "localhost:7790", true),
	Entry(nil, "LocalHost:7790", true),
	Entry(nil, ":7790", false),
	Entry(nil, "0.0.0.0:7790", false),
	Entry(nil, "[::]:7790", false),
	Entry(nil, "10.0.0.1:7790", false),
	Entry(nil, "[fe80::1%eth0]:7790", false),
	Entry(nil, "[::ffff:10.0.0.1]:7790", false),
	Entry(nil, "worker.example.com:7790", false),
	Entry(nil, "127.0.0.1.example.com:7790", false),
	Entry(nil, "localhost.example.com:7790", false),
)

var _ = DescribeTable("what is no listen address",
	func(address, because string) {
		_, err := status.Loopback(address)
		Expect(err).To(MatchError(And(HavePrefix("parse listen address"), ContainSubstring(because))))
	},
	Entry(nil, "", "missing port"),
	Entry(nil, "127.0.0.1", "missing port"),
	Entry(nil, "::1:7790", "too many colons"),
	Entry(nil, "127.0.0.1:65536", "invalid port"),
	Entry(nil, "127.0.0.1:-1", "invalid port"),
	Entry(nil, "127.0.0.1:no-such-port", "unknown port"),
)
