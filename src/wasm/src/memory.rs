//! How much memory is in use. An allocation that fails ends the instance, and with it a database in memory, so statements end
//! well before: while they run the engine asks [`exhausted`].

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Statements end with 53200 when more than this is in use. Addresses end at 4 GiB; the rest is for what grows by doubling
/// between two questions.
const LIMIT: usize = 9 << 28;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// Sound: every call is the system allocator's, with the same arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        IN_USE.fetch_add(size.wrapping_sub(layout.size()), Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Whether statements must end for want of memory.
pub fn exhausted() -> bool {
    IN_USE.load(Relaxed) > LIMIT
}
