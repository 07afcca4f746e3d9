package evidence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Entries is the level of a bundle of leaves, which stands beside the tile of level 0.
const Entries = -1

// maxTileLevel is the highest level that C2SP has.
const maxTileLevel = 63

// ErrTile is wrapped by the errors of paths and bundles in another form than that of C2SP.
var ErrTile = errors.New("no tile")

// TilePath returns the path of a tile as C2SP writes it, from the level on: 1/x001/234.p/5,
// entries/067.
func TilePath(t tlog.Tile) string {
	level := strconv.Itoa(t.L)
	if t.L == Entries {
		level = "entries"
	}
	path := fmt.Sprintf("%03d", t.N%1000)
	for n := t.N / 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if t.W != TileWidth {
		path += ".p/" + strconv.Itoa(t.W)
	}
	return level + "/" + path
}

// ParseTilePath returns the tile of a path. It accepts what TilePath returns and nothing
// else. Errors: ErrTile.
func ParseTilePath(path string) (tlog.Tile, error) {
	t := tlog.Tile{H: TileHeight, W: TileWidth}
	level, rest, _ := strings.Cut(path, "/")
	number, width, partial := strings.Cut(rest, ".p/")
	var errLevel, errWidth, errN error
	if t.L = Entries; level != "entries" {
		t.L, errLevel = strconv.Atoi(level)
	}
	if partial {
		t.W, errWidth = strconv.Atoi(width)
	}
	t.N, errN = parseTileNumber(number)
	if errors.Join(errLevel, errWidth, errN) != nil || t.L > maxTileLevel || t.W < 1 || t.W > TileWidth || TilePath(t) != path {
		return tlog.Tile{}, fmt.Errorf("%w: the path is not in the form of C2SP", ErrTile)
	}
	return t, nil
}

func parseTileNumber(number string) (int64, error) {
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.ReplaceAll(number, "/", ""), "x", ""), 10, 64)
	if err != nil || n < 0 || n >= math.MaxInt64/TileWidth {
		return 0, ErrTile
	}
	return n, nil
}

// TileSizes returns the sizes of trees that have a tile: from ≤ size < below. A full tile is
// in every larger tree too. None is 0, 0.
func TileSizes(t tlog.Tile) (from, below int64) {
	shift := max(t.L, 0) * TileHeight
	end := t.N*TileWidth + int64(t.W) // hashes of the level up to the end of the tile
	if shift >= 63 || end >= math.MaxInt64>>shift {
		return 0, 0
	}
	if t.W == TileWidth {
		return end << shift, math.MaxInt64
	}
	return end << shift, (end + 1) << shift
}

// FormatBundle returns the leaves of an entry bundle: each with its length before it, in two
// bytes. Texts longer than MaxLeaf are a mistake of the caller.
func FormatBundle(leaves [][]byte) []byte {
	var b []byte
	for _, leaf := range leaves {
		b = binary.BigEndian.AppendUint16(b, uint16(len(leaf))) //nolint:gosec // at most MaxLeaf
		b = append(b, leaf...)
	}
	return b
}

// ParseBundle returns the leaves' texts of an entry bundle, at most 256, unchecked. Errors:
// ErrTile.
func ParseBundle(bundle []byte) ([][]byte, error) {
	var leaves [][]byte
	for len(bundle) > 0 {
		if len(bundle) < 2 {
			return nil, fmt.Errorf("%w: the bundle ends within a length", ErrTile)
		}
		size := int(binary.BigEndian.Uint16(bundle))
		if bundle = bundle[2:]; len(bundle) < size || len(leaves) == TileWidth {
			return nil, fmt.Errorf("%w: the bundle has not as many leaves as it says", ErrTile)
		}
		leaves, bundle = append(leaves, bundle[:size]), bundle[size:]
	}
	return leaves, nil
}

// TileData returns hashes as the bytes of a tile.
func TileData(hashes []tlog.Hash) []byte {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, hash := range hashes {
		b = append(b, hash[:]...)
	}
	return b
}

// TileHashes returns the hashes of a tile's bytes. Errors: ErrTile.
func TileHashes(data []byte) ([]tlog.Hash, error) {
	if len(data) == 0 || len(data)%tlog.HashSize != 0 || len(data) > TileWidth*tlog.HashSize {
		return nil, fmt.Errorf("%w: %d bytes are no hashes of a tile", ErrTile, len(data))
	}
	hashes := make([]tlog.Hash, len(data)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], data[i*tlog.HashSize:])
	}
	return hashes, nil
}

// HashReader returns a reader of the tree's hashes over a function that reads tiles, of
// level 0 and above. Each tile is checked against the root before it is used.
func HashReader(head Head, read func([]tlog.Tile) ([][]byte, error)) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root}, tileReader(read))
}

// tileReader is a tlog.TileReader.
type tileReader func([]tlog.Tile) ([][]byte, error)

func (r tileReader) Height() int                                   { return TileHeight }
func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) { return r(tiles) }
func (r tileReader) SaveTiles(_ []tlog.Tile, _ [][]byte)           {}
