// SPDX-License-Identifier: Apache-2.0
//! A driver in Rust: a counter that exists in memory only. `count` goes up with every read, `step` says by how
//! much and can be set.
//!
//! No panic crosses the border: `guard` makes INTERNAL of it.
mod mapper;

use core::ffi::{c_char, CStr};
use core::sync::atomic::{AtomicPtr, Ordering};
use mapper::*;
use std::panic::{catch_unwind, AssertUnwindSafe};

/// The host's table, from load to unload.
static API: AtomicPtr<mapper_host_api> = AtomicPtr::new(core::ptr::null_mut());

#[derive(Clone, Copy, PartialEq)]
enum Place {
    None,
    Count,
    Step,
}

/// One device. The host holds a pointer to it and never looks inside.
struct Counter {
    places: Vec<Place>,
    count: i64,
    step: i64,
}

/// Why a call, or one item of it, fails.
struct Failure(mapper_status, String);

type Outcome<T> = Result<T, Failure>;

/// Runs `body`; what goes wrong is told to `say`, which gives the status back.
fn guard(body: impl FnOnce() -> Outcome<()>, say: impl Fn(&Failure) -> mapper_status) -> mapper_status {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => MAPPER_OK,
        Ok(Err(failure)) => say(&failure),
        Err(_) => say(&Failure(MAPPER_INTERNAL, "the driver panicked".into())),
    }
}

/// Runs the body of a whole call.
unsafe fn whole(call: *const mapper_call, body: impl FnOnce() -> Outcome<()>) -> mapper_status {
    guard(body, |Failure(status, text)| {
        match API.load(Ordering::Acquire).as_ref().and_then(|api| api.fail) {
            Some(fail) => fail(call, *status, text.as_ptr() as *const c_char, text.len()),
            None => *status,
        }
    })
}

/// Runs the body for one item of a call.
unsafe fn item(call: *const mapper_call, index: usize, body: impl FnOnce() -> Outcome<()>) -> mapper_status {
    guard(body, |Failure(status, text)| {
        match API.load(Ordering::Acquire).as_ref().and_then(|api| api.fail_item) {
            Some(fail) => fail(call, index as u32, *status, text.as_ptr() as *const c_char, text.len()),
            None => *status,
        }
    })
}

/// A slice out of the border's pointer and length; a null pointer comes with length 0.
unsafe fn list<'a, T>(first: *const T, count: u32) -> &'a [T] {
    if count == 0 { &[] } else { core::slice::from_raw_parts(first, count as usize) }
}

unsafe fn list_mut<'a, T>(first: *mut T, count: u32) -> &'a mut [T] {
    if count == 0 { &mut [] } else { core::slice::from_raw_parts_mut(first, count as usize) }
}

unsafe fn find<'a>(settings: &'a mapper_settings, key: &CStr) -> Option<&'a mapper_value> {
    list(settings.items, settings.count as u32).iter().find(|item| CStr::from_ptr(item.key) == key).map(|item| &item.value)
}

fn integer(value: i64) -> mapper_value {
    mapper_value { type_: MAPPER_TYPE_I64, flags: 0, count: 1, as_: mapper_carrier { i64: value } }
}

fn place_of(address: &str, is_writable: bool) -> Outcome<Place> {
    match address {
        "count" if is_writable => Err(Failure(MAPPER_DENIED, "count cannot be set: expected ReadOnly".into())),
        "count" => Ok(Place::Count),
        "step" => Ok(Place::Step),
        _ => Err(Failure(MAPPER_NOT_FOUND, format!("'{address}': expected count or step"))),
    }
}

unsafe fn own<'a>(device: *mut mapper_device) -> &'a mut Counter {
    &mut *(device as *mut Counter)
}

unsafe extern "C" fn create(
    _host: *mut mapper_host, _token: u64, settings: *const mapper_settings, call: *const mapper_call,
    out: *mut *mut mapper_device,
) -> mapper_status {
    whole(call, || {
        let step = find(&*settings, c"step").map_or(1, |value| value.as_.i64);
        let device = Box::new(Counter { places: Vec::new(), count: 0, step });
        *out = Box::into_raw(device) as *mut mapper_device;
        Ok(())
    })
}

unsafe extern "C" fn bind(
    device: *mut mapper_device, call: *const mapper_call, points: *const mapper_point, count: u32,
    results: *mut mapper_status,
) -> mapper_status {
    whole(call, || {
        let mut places = vec![Place::None; count as usize];
        let results = list_mut(results, count);
        for (index, point) in list(points, count).iter().enumerate() {
            results[index] = item(call, index, || {
                let address = match find(&point.settings, c"address") {
                    Some(value) => CStr::from_ptr(value.as_.data as *const c_char).to_string_lossy().into_owned(),
                    None => String::new(),
                };
                places[index] = place_of(&address, point.access & MAPPER_ACCESS_WRITE != 0)?;
                Ok(())
            });
        }
        own(device).places = places;
        Ok(())
    })
}

unsafe extern "C" fn open(_device: *mut mapper_device, _call: *const mapper_call) -> mapper_status {
    MAPPER_OK
}

unsafe extern "C" fn read(
    device: *mut mapper_device, call: *const mapper_call, points: *const u32, count: u32, out: *mut mapper_sample,
) -> mapper_status {
    whole(call, || {
        let counter = own(device);
        counter.count = counter.count.wrapping_add(counter.step);
        let samples = list_mut(out, count);
        for (index, point) in list(points, count).iter().enumerate() {
            let place = counter.places.get(*point as usize).copied().unwrap_or(Place::None);
            samples[index].status = MAPPER_OK;
            match place {
                Place::Count => samples[index].value = integer(counter.count),
                Place::Step => samples[index].value = integer(counter.step),
                Place::None => samples[index].status = MAPPER_NOT_FOUND,
            }
        }
        Ok(())
    })
}

unsafe extern "C" fn write(
    device: *mut mapper_device, call: *const mapper_call, writes: *const mapper_write, count: u32,
    results: *mut mapper_status,
) -> mapper_status {
    whole(call, || {
        let counter = own(device);
        let results = list_mut(results, count);
        for (index, write) in list(writes, count).iter().enumerate() {
            results[index] = item(call, index, || {
                if counter.places.get(write.point as usize) != Some(&Place::Step) {
                    return Err(Failure(MAPPER_DENIED, "cannot be set".into()));
                }
                if write.value.type_ != MAPPER_TYPE_I64 {
                    return Err(Failure(MAPPER_TYPE, "expected a whole number".into()));
                }
                counter.step = write.value.as_.i64;
                Ok(())
            });
        }
        Ok(())
    })
}

unsafe extern "C" fn close(_device: *mut mapper_device) {}

unsafe extern "C" fn destroy(device: *mut mapper_device) {
    drop(Box::from_raw(device as *mut Counter));
}

unsafe extern "C" fn load(_host: *mut mapper_host, api: *const mapper_host_api) -> mapper_status {
    API.store(api as *mut mapper_host_api, Ordering::Release);
    MAPPER_OK
}

unsafe extern "C" fn driver_at(index: u32) -> *const mapper_driver {
    if index == 0 { &DRIVER.0 } else { core::ptr::null() }
}

/// A table of pointers to constants, which any thread may read.
#[repr(transparent)]
pub struct Table<T>(T);
unsafe impl<T> Sync for Table<T> {}

const DEVICE_SCHEMA: &CStr = c"{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"step\": \
    {\"type\": \"integer\", \"default\": 1, \"description\": \"by how much each read counts\"}}}";
const POINT_SCHEMA: &CStr = c"{\"type\": \"object\", \"additionalProperties\": false, \"required\": [\"address\"], \
    \"properties\": {\"address\": {\"type\": \"string\", \"description\": \"count or step\"}}}";

static DRIVER: Table<mapper_driver> = Table(mapper_driver {
    size: core::mem::size_of::<mapper_driver>() as u32,
    flags: 0,
    id: c"counter".as_ptr(),
    title: c"Counters, an example in Rust".as_ptr(),
    device_schema: DEVICE_SCHEMA.as_ptr(),
    point_schema: POINT_SCHEMA.as_ptr(),
    lane: None,
    create: Some(create),
    bind: Some(bind),
    open: Some(open),
    read: Some(read),
    write: Some(write),
    close: Some(close),
    destroy: Some(destroy),
    query: None,
});

#[no_mangle]
#[allow(non_upper_case_globals)]
pub static mapper_entry: Table<mapper_entry_v1> = Table(mapper_entry_v1 {
    size: core::mem::size_of::<mapper_entry_v1>() as u32,
    abi_major: MAPPER_ABI_MAJOR,
    abi_minor: MAPPER_ABI_MINOR,
    flags: 0,
    name: c"counter".as_ptr(),
    version: c"1.0.0".as_ptr(),
    load: Some(load),
    unload: None,
    driver: Some(driver_at),
});
