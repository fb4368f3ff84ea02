package backend

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"code.cloudfoundry.org/garden"
)

// subnets are the /30s of a worker's pool that are in use, by number.
type subnets struct {
	next int
	free []int
}

func (s *subnets) acquire() int {
	if last := len(s.free) - 1; last >= 0 {
		subnet := s.free[last]
		s.free = s.free[:last]
		return subnet
	}
	s.next++

	return s.next - 1
}

func (s *subnets) release(subnet int) {
	s.free = slices.Insert(s.free, 0, subnet)
}

// networkProperties are those that Guardian sets, with the addresses of a subnet of 10.254.0.0/16
// and, where that is full, of what follows.
func networkProperties(subnet int) garden.Properties {
	const pool = 10<<24 | 254<<16
	at := func(offset int) string {
		address := uint32(pool + 4*subnet + offset)
		return netip.AddrFrom4([4]byte{byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address)}).String()
	}
	link := "w" + strconv.FormatInt(1<<40+int64(subnet), 32)

	return garden.Properties{
		"garden.network.container-ip":  at(2),
		"garden.network.external-ip":   "192.0.2.2",
		"garden.network.host-ip":       at(1),
		"kawasaki.bridge-interface":    fmt.Sprintf("wbrdg-%08x", uint32(pool+4*subnet)),
		"kawasaki.container-interface": link + "-1",
		"kawasaki.dns-servers":         "",
		"kawasaki.host-entries":        "",
		"kawasaki.host-interface":      link + "-0",
		"kawasaki.iptable-inst":        link[1:],
		"kawasaki.iptable-prefix":      "w--",
		"kawasaki.mtu":                 "1400",
		"kawasaki.subnet":              at(0) + "/30",
	}
}
