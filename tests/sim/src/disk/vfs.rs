//! The seam to SQLite, which is C: the only place in the whole workspace where anything is `unsafe`. It is built for tests
//! alone and reached by no program that ships.
//!
//! SQLite gives each call a file that it opened here and has not closed, and buffers as long as it says; that is what
//! every block below relies on.
#![allow(unsafe_code, reason = "a virtual file system of SQLite is a table of C functions")]

use std::{
    alloc::{Layout, alloc_zeroed, dealloc},
    ffi::{CStr, c_char, c_int, c_void},
    ptr,
    sync::{
        Once,
        atomic::{AtomicU64, Ordering, fence},
    },
    time::Duration,
};

use rusqlite::ffi;

use super::{Refusal, SHM_LOCKS, Shm, disk};
use crate::dice::Dice;

/// Longest path.
const PATH_LEN_MAX: c_int = 512;
const SECTOR: c_int = 4096;

/// An open file: SQLite's part first, as it asks.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    name: *mut String,
    id: u64,
    deletes: bool,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

static NEXT_ID: AtomicU64 = AtomicU64::new(1);
static RANDOM: AtomicU64 = AtomicU64::new(1);

pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let vfs = Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: size_of::<Handle>() as c_int,
            mxPathname: PATH_LEN_MAX,
            pNext: ptr::null_mut(),
            zName: c"huiyin-cards".as_ptr(),
            pAppData: ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: Some(last_error),
            xCurrentTimeInt64: Some(current_time_ms),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        });
        // SAFETY: it is whole, and lives as long as the process.
        let done = unsafe { ffi::sqlite3_vfs_register(Box::into_raw(vfs), 1) };
        assert_eq!(done, ffi::SQLITE_OK, "SQLite takes the cards");
    });
}

pub(super) fn reset_dice() {
    RANDOM.store(1, Ordering::Relaxed);
    // SAFETY: with no bytes asked for, SQLite only forgets what it has drawn.
    unsafe { ffi::sqlite3_randomness(0, ptr::null_mut()) };
}

/// # Safety
/// `file` was opened by [`open`] and is not closed.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> (&'a str, u64) {
    // SAFETY: as the caller promises; the name lives until `close`.
    unsafe {
        let handle = file.cast::<Handle>();
        ((*(*handle).name).as_str(), (*handle).id)
    }
}

/// # Safety
/// `text` ends with a zero and stays as it is for as long as the result is used.
unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    // SAFETY: as the caller promises.
    if text.is_null() { None } else { unsafe { CStr::from_ptr(text) }.to_str().ok() }
}

fn place(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn code(done: Result<(), Refusal>, failed: c_int) -> c_int {
    match done {
        Ok(()) => ffi::SQLITE_OK,
        Err(Refusal::Full) => ffi::SQLITE_FULL,
        Err(Refusal::Io) => failed,
    }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for a handle, and a name or null.
    unsafe {
        let handle = file.cast::<Handle>();
        (*handle).base.pMethods = ptr::null();
        let opened = disk().open(text(name), flags & ffi::SQLITE_OPEN_CREATE != 0);
        let Ok(name) = opened else { return ffi::SQLITE_CANTOPEN };
        ptr::write(
            handle,
            Handle {
                base: ffi::sqlite3_file { pMethods: &raw const METHODS },
                name: Box::into_raw(Box::new(name)),
                id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
                deletes: flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0,
            },
        );
        if !flags_out.is_null() {
            *flags_out = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the handle was written by `open`, and nobody uses it behind this call.
    unsafe {
        let handle = file.cast::<Handle>();
        let name = Box::from_raw((*handle).name);
        let mut disk = disk();
        if let Some(file) = disk.files.get_mut(name.as_str()) {
            release(file, (*handle).id, 0);
        }
        if (*handle).deletes {
            disk.files.remove(name.as_str());
        }
        (*handle).base.pMethods = ptr::null();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, out: *mut c_void, len: c_int, at: ffi::sqlite3_int64) -> c_int {
    // SAFETY: `out` is as long as `len` says.
    let (name, out) = unsafe { (handle(file).0, std::slice::from_raw_parts_mut(out.cast::<u8>(), place(len.into()))) };
    match disk().read(name, place(at), out) {
        Ok(read) if read == out.len() => ffi::SQLITE_OK,
        Ok(read) => {
            out[read..].fill(0);
            ffi::SQLITE_IOERR_SHORT_READ
        }
        Err(_) => ffi::SQLITE_IOERR_READ,
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    len: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `bytes` is as long as `len` says.
    let (name, bytes) = unsafe { (handle(file).0, std::slice::from_raw_parts(bytes.cast::<u8>(), place(len.into()))) };
    code(disk().write(name, place(at), bytes), ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    let (name, _) = unsafe { handle(file) };
    code(disk().truncate(name, place(len)), ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    let (name, _) = unsafe { handle(file) };
    code(disk().sync(name), ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: the file is open, and `out` holds a number.
    unsafe { *out = disk().len(handle(file).0) as ffi::sqlite3_int64 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file is open.
    let (name, id) = unsafe { handle(file) };
    let mut disk = disk();
    let Some(file) = disk.files.get_mut(name) else { return ffi::SQLITE_IOERR_LOCK };
    let locks = &mut file.locks;
    let is_others = |holder: Option<u64>| holder.is_some_and(|holder| holder != id);
    let is_free = match level {
        ffi::SQLITE_LOCK_SHARED => !is_others(locks.pending) && !is_others(locks.exclusive),
        ffi::SQLITE_LOCK_RESERVED => !is_others(locks.reserved),
        _ => !is_others(locks.reserved) && !is_others(locks.pending),
    };
    if !is_free {
        return ffi::SQLITE_BUSY;
    }
    match level {
        ffi::SQLITE_LOCK_SHARED => {
            locks.shared.insert(id);
        }
        ffi::SQLITE_LOCK_RESERVED => locks.reserved = Some(id),
        _ => {
            locks.pending = Some(id);
            if locks.shared.iter().any(|holder| *holder != id) {
                return ffi::SQLITE_BUSY;
            }
            if level == ffi::SQLITE_LOCK_EXCLUSIVE {
                locks.exclusive = Some(id);
            }
        }
    }
    ffi::SQLITE_OK
}

fn release(file: &mut super::File, id: u64, level: c_int) {
    let locks = &mut file.locks;
    for holder in [&mut locks.reserved, &mut locks.pending, &mut locks.exclusive] {
        *holder = holder.filter(|holder| *holder != id);
    }
    if level == ffi::SQLITE_LOCK_NONE {
        locks.shared.remove(&id);
    }
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file is open.
    let (name, id) = unsafe { handle(file) };
    if let Some(file) = disk().files.get_mut(name) {
        release(file, id, level);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open, and `out` holds a number.
    unsafe {
        let (name, _) = handle(file);
        *out = c_int::from(disk().files.get(name).is_some_and(|file| file.locks.reserved.is_some()));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR
}

/// What SQLite believes of any disk on Linux unless it was built otherwise.
unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

fn region(len: usize) -> Layout {
    Layout::from_size_align(len.max(8), 8).expect("a region is small")
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    number: c_int,
    len: c_int,
    may_grow: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open; regions are made here and live until nobody uses them.
    unsafe {
        let (name, id) = handle(file);
        *out = ptr::null_mut();
        let mut disk = disk();
        let Some(file) = disk.files.get_mut(name) else { return ffi::SQLITE_IOERR_SHMMAP };
        file.shm.users.insert(id);
        let number = place(number.into());
        while may_grow != 0 && file.shm.regions.len() <= number {
            let len = place(len.into());
            file.shm.regions.push((alloc_zeroed(region(len)) as usize, len));
        }
        if let Some((address, _)) = file.shm.regions.get(number) {
            *out = *address as *mut c_void;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let (name, id) = unsafe { handle(file) };
    let mut disk = disk();
    let Some(file) = disk.files.get_mut(name) else { return ffi::SQLITE_IOERR_SHMLOCK };
    let Shm { shared, exclusive, .. } = &mut file.shm;
    let from = place(first.into()).min(SHM_LOCKS);
    let slots = from..place((first + count).into()).min(SHM_LOCKS);
    let is_shared = flags & ffi::SQLITE_SHM_SHARED != 0;
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        for slot in slots {
            shared[slot].remove(&id);
            exclusive[slot] = exclusive[slot].filter(|holder| *holder != id);
        }
        return ffi::SQLITE_OK;
    }
    for slot in slots.clone() {
        let is_taken = exclusive[slot].is_some_and(|holder| holder != id);
        if is_taken || (!is_shared && shared[slot].iter().any(|holder| *holder != id)) {
            return ffi::SQLITE_BUSY;
        }
    }
    for slot in slots {
        if is_shared {
            shared[slot].insert(id);
        } else {
            exclusive[slot] = Some(id);
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    fence(Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open; a region is freed once, when its last user lets go.
    unsafe {
        let (name, id) = handle(file);
        let mut disk = disk();
        let Some(file) = disk.files.get_mut(name) else { return ffi::SQLITE_OK };
        let shm = &mut file.shm;
        shm.users.remove(&id);
        for slot in 0..SHM_LOCKS {
            shm.shared[slot].remove(&id);
            shm.exclusive[slot] = shm.exclusive[slot].filter(|holder| *holder != id);
        }
        if shm.users.is_empty() {
            shm.regions.drain(..).for_each(|(address, len)| dealloc(address as *mut u8, region(len)));
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int) -> c_int {
    // SAFETY: SQLite gives a name.
    match unsafe { text(name) }.map(|name| disk().remove(name)) {
        Some(Ok(true)) => ffi::SQLITE_OK,
        Some(Ok(false)) => ffi::SQLITE_IOERR_DELETE_NOENT,
        Some(Err(_)) | None => ffi::SQLITE_IOERR_DELETE,
    }
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives a name and a number.
    unsafe {
        let disk = disk();
        let file = text(name).and_then(|name| disk.files.get(name));
        // An empty journal counts as none, as on a real disk.
        let is_here = file.is_some_and(|file| flags != ffi::SQLITE_ACCESS_EXISTS || !file.content.is_empty());
        *out = c_int::from(is_here);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    len: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: `out` is as long as `len` says.
    unsafe {
        let name = CStr::from_ptr(name).to_bytes_with_nul();
        if name.len() > place(len.into()) {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, len: c_int, out: *mut c_char) -> c_int {
    // SAFETY: `out` is as long as `len` says.
    let bytes = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), place(len.into())) };
    Dice::new(RANDOM.fetch_add(1, Ordering::Relaxed)).fill(bytes);
    len
}

/// A connection that waits for another: on the clock of this machine, for no seed decides how long.
unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    std::thread::sleep(Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)));
    microseconds
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: `out` holds a number.
    unsafe { *out = 2_460_000.5 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_ms(_: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: `out` holds a number.
    unsafe { *out = 212_544_043_200_000 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}
