package baggageclaim

// What the specs reach into the package for.
var (
	LocateIn         = locateIn
	DecodeTTL        = decodeTTL
	DecodeProperties = decodeProperties
)
