//go:build race

package simulation

// fewerSchedules is by how much the race detector slows the simulation.
const fewerSchedules = 3
