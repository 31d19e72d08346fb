//! The engine's second part as it travels. `xtask` (`split/pack.rs`) makes it, and the module this crate compiles to unpacks it.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

pub mod contexts;
pub mod mixing;
pub mod unpack;

/// The module: `room` for the packed part, `step` until it gives a length, `result`. It has a memory of its own, which goes with it.
#[cfg(target_arch = "wasm32")]
mod exports {
    use alloc::vec::Vec;
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::{memory_grow, memory_size};

    use crate::unpack::Unpacker;

    /// Nothing is given back: the whole memory is.
    struct Bump;

    static mut NEXT: usize = 0;

    // SAFETY: there is one thread, and what is given out lies behind all that was.
    unsafe impl GlobalAlloc for Bump {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as above.
            unsafe {
                if NEXT == 0 {
                    NEXT = memory_size(0) << 16;
                }
                let at = NEXT.next_multiple_of(layout.align());
                NEXT = at + layout.size();
                let more = NEXT.div_ceil(1 << 16).saturating_sub(memory_size(0));
                if memory_grow(0, more) == usize::MAX { core::ptr::null_mut() } else { at as *mut u8 }
            }
        }

        unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            // SAFETY: as above; memory that was never used is zero.
            unsafe { self.alloc(layout) }
        }
    }

    #[global_allocator]
    static BUMP: Bump = Bump;

    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }

    static mut PACKED: Vec<u8> = Vec::new();
    static mut UNPACKER: Option<Unpacker<'static>> = None;

    /// Where to put so many bytes.
    #[unsafe(no_mangle)]
    extern "C" fn room(length: usize) -> *mut u8 {
        // SAFETY: there is one thread, and nothing refers to it yet.
        let packed = unsafe { &mut *(&raw mut PACKED) };
        packed.resize(length, 0);
        packed.as_mut_ptr()
    }

    /// Unpacks so many functions; 0 while there are more, then the module's length.
    #[unsafe(no_mangle)]
    extern "C" fn step(functions: u32) -> usize {
        // SAFETY: there is one thread, and `room` is not called again.
        let (packed, unpacker) = unsafe { (&*(&raw const PACKED), &mut *(&raw mut UNPACKER)) };
        let unpacker = unpacker.get_or_insert_with(|| Unpacker::new(packed));
        if unpacker.step(functions) { unpacker.out.len() } else { 0 }
    }

    /// Where the module lies.
    #[unsafe(no_mangle)]
    extern "C" fn result() -> *const u8 {
        // SAFETY: there is one thread.
        let unpacker = unsafe { &*(&raw const UNPACKER) };
        unpacker.as_ref().map_or(core::ptr::null(), |u| u.out.as_ptr())
    }
}
