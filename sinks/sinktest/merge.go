package sinktest

// mergeNewest: of slices with rows of one key the one of the newest interval has
// it, in whatever order they are loaded.
func mergeNewest(r *rule) {
	r.load(r.slice(0), r.content(named("1", "a", "2", "b", "3", "c")))
	r.load(r.slice(1), r.content(named("2", "B", "3", "c", "4", "d")))
	r.expect(r.name, shape, named("1", "a", "2", "B", "3", "c", "4", "d"))
	got := r.lineage(r.name)
	zero, one := got["1"].slice, got["4"].slice
	if zero == one {
		r.Fatalf("rows of both slices carry _slice %s", zero)
	}
	for _, id := range []string{"2", "3"} { // 3 is the same in both
		if got[id].slice != one {
			r.Errorf("_slice of row %s is %s, want %s", id, got[id].slice, one)
		}
	}
	// The older one again: what it shares with the newer one is out of date.
	r.load(r.slice(0), r.content(named("1", "A", "2", "x", "3", "y")))
	r.expect(r.name, shape, named("1", "A", "2", "B", "3", "c", "4", "d"))
	r.load(r.slice(1), r.content(named("2", "again", "3", "c", "4", "d")))
	r.expect(r.name, shape, named("1", "A", "2", "again", "3", "c", "4", "d"))
}

func mergeKeeps(r *rule) {
	r.load(r.slice(0), r.content(some(2500, "old")))
	r.load(r.slice(0), r.content(some(3, "new")))
	r.expect(r.name, shape, some(3, "new"), someFrom(3, 2497, "old"))
	receipt := r.load(r.slice(0), r.content(nil))
	if receipt.Rows != 0 || receipt.At.IsZero() {
		r.Errorf("receipt is %+v, want 0 rows at an instant", receipt)
	}
	r.expect(r.name, shape, some(3, "new"), someFrom(3, 2497, "old"))
}

// mergeShares: the key is that of the table, whichever job or part a row is of.
func mergeShares(r *rule) {
	one, two, south := r.slice(0), r.slice(0), r.slice(0)
	two.Job += "_2"
	south.Part = "south"
	r.load(one, r.content(named("1", "one", "2", "one")))
	r.load(two, r.content(named("2", "two", "3", "two")))
	r.load(south, r.content(named("3", "south", "4", "south")))
	r.expect(r.name, shape, named("1", "one", "2", "two", "3", "south", "4", "south"))
}

// mergeLeftOut: what a load does not bring stays, also where it is a table.
func mergeLeftOut(r *rule) {
	one, two := r.pair(named("1", "a"), named("1", "item"))
	r.load(r.slice(0), one, two)
	only, _ := r.pair(named("2", "b"), nil)
	r.load(r.slice(0), only)
	r.expect(r.name+"_a", shape, named("1", "a", "2", "b"))
	r.expect(r.name+"_b", shape, two.want)
}
