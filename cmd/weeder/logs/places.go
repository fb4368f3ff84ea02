package logs

// Places are where the logs of a worker usually are, rotated and compressed
// ones too.
//
// BOSH: the jobs of garden-runc-release (garden), of concourse-bosh-release
// (worker, web) and of what Concourse was released as before 4.0 (baggageclaim,
// groundcrew, atc), and weeder's own. In containers Concourse logs to stdout,
// which ends up where kubelet or Docker's json-file driver puts it; Concourse's
// chart names the pods of its workers …-worker-N.
var Places = []string{
	"/var/vcap/sys/log/garden/*.log*",
	"/var/vcap/sys/log/baggageclaim/*.log*",
	"/var/vcap/sys/log/groundcrew/*.log*",
	"/var/vcap/sys/log/worker/*.log*",
	"/var/vcap/sys/log/atc/*.log*",
	"/var/vcap/sys/log/web/*.log*",
	"/var/vcap/sys/log/weeder/*.log*",
	"/var/log/concourse/*.log*",
	"/var/log/pods/*concourse*/*/*.log*",
	"/var/log/pods/*-worker-*/*/*.log*",
	"/var/lib/docker/containers/*/*-json.log*",
}
