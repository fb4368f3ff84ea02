//go:build !race

package simulation

const fewerSchedules = 1
