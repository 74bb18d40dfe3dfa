// Package lake is the sink that writes slices as objects: into a bucket of Google
// Cloud Storage (driver gcs) or a folder (driver files). README.md beside it is for
// those who read the objects.
//
// One load, step by step; each is atomic, and a process may end between any two:
//
//	Begin   fit       do the columns have the types of the slices that are there?
//	        fence     manifest written again, so that its generation moves
//	        sweep     what killed loads have staged for the slice is removed
//	Write   stage     objects in _staging, under names of this load alone
//	Commit  count     rows written = rows tallied
//	        describe  _schema.json of the tables, if they have new columns
//	        decide    manifest with the new objects and where they are staged, if its
//	                  generation is still that of fence: the load is committed
//	        publish   every staged object copied to its name, if that has the
//	                  generation it had; what the load before left over is removed
//	        settle    manifest without what is staged
//	        clear     staged objects removed
//
// Nothing a reader sees changes before decide. After it the load is committed, and
// whoever next looks at the slice (Begin, Committed, Checked of any process) does
// what is left of publish, settle and clear, each of which may be done twice.
//
// Invariants
//   - Of two writers of a slice only the one that began last decides: it alone has
//     the manifest's generation. The others have written nothing but staged objects,
//     and remove those.
//   - An object of a slice is always entirely of one load. Who reads one object sees
//     the old rows or the new; who reads several goes by the manifest.
//   - An object that no manifest names is never replaced or removed, outside of
//     _staging.
//   - A reply that is lost is never guessed: a repeated write that is refused is
//     compared with what is there, and before a load says that it did not commit the
//     fence has moved.
package lake
