"""A cycle through every builtin and native type that can hold a reference: whoever holds the node by itself alone, and is held by the
node, goes with it in a collection. `HOLDERS` makes one object of each type around a
node. Not here: what CPython does not follow and we do (code objects, dates, scanners of `re`)."""
import abc
import annotationlib
import array
import ast
import asyncio
import collections
import contextvars
import csv
import ctypes
import datetime
import functools
import gc
import inspect
import io
import itertools
import json
import operator
import os
import pickle
import queue
import random
import re
import selectors
import socket
import string
import string.templatelib
import struct
import sys
import threading
import types
import typing
import warnings
import weakref
import xml.etree.ElementTree as etree
import xml.parsers.expat

gc.disable()
warnings.simplefilter("ignore")
loop = asyncio.new_event_loop()
HOLDERS = []


class Node:
    """Hashable, callable, an iterator, a mapping, whatever the holder wants."""

    def __call__(self, *args, **kw):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        return self

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return self

    def __await__(self):
        return iter([self])

    def __index__(self):
        return 1

    def __aiter__(self):
        return self

    async def __anext__(self):
        return self

    def read(self, n=-1):
        return b""

    def readinto(self, b):
        return 0

    def write(self, b):
        return len(b)

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return False

    closed = False

    def flush(self):
        pass

    def utcoffset(self, d):
        return None

    def keys(self):
        return ["k"]


def holder(make):
    HOLDERS.append((make.__name__, make))
    return make


def simply(**makers):
    for name, make in makers.items():
        HOLDERS.append((name, make))


class Slots:
    __slots__ = "a", "__weakref__"


class Sub(list):
    pass


def slots(node):
    s = Slots()
    s.a = node
    return s


def sub_of_list(node):
    s = Sub()
    s.attribute = node
    return s


simply(
    slots=slots, sub_of_list=sub_of_list,
    list=lambda n: [n], tuple=lambda n: (n,), dict=lambda n: {1: n}, dict_key=lambda n: {n: 1}, set=lambda n: {n}, frozenset=lambda n: frozenset([n]),
    dict_keys=lambda n: {n: 1}.keys(), dict_values=lambda n: {1: n}.values(), dict_items=lambda n: {1: n}.items(),
    list_iterator=lambda n: iter([n]), list_reversed=lambda n: reversed([n]), tuple_iterator=lambda n: iter((n,)), set_iterator=lambda n: iter({n}),
    key_iterator=lambda n: iter({n: 1}), value_iterator=lambda n: iter({1: n}.values()), item_iterator=lambda n: iter({1: n}.items()),
    key_reversed=lambda n: reversed({n: 1}), value_reversed=lambda n: reversed({1: n}.values()), item_reversed=lambda n: reversed({1: n}.items()),
    sequence_iterator=lambda n: iter(type("S", (), {"__getitem__": lambda s, i: n})()),
    call_iterator=lambda n: iter(n, 5), call_iterator_sentinel=lambda n: iter(int, n),
    map=lambda n: map(n, [1]), map_items=lambda n: map(int, n), filter=lambda n: filter(n, [1]), filter_items=lambda n: filter(None, [n]),
    zip=lambda n: zip(n, [1]), enumerate=lambda n: enumerate(n),
    reversed=lambda n: reversed(n), slice=lambda n: slice(n), slice_all=lambda n: slice(1, n, 2),
    property=lambda n: property(n), property_doc=lambda n: property(doc=n), staticmethod=lambda n: staticmethod(n),
    classmethod=lambda n: classmethod(n),
    super=lambda n: super(Node, n), method=lambda n: types.MethodType(n, 1), method_self=lambda n: types.MethodType(int, n),
    builtin_method=lambda n: [n].append,
    method_wrapper=lambda n: [n].__add__, mappingproxy=lambda n: types.MappingProxyType({1: n}), namespace=lambda n: types.SimpleNamespace(n=n),
    cell=lambda n: types.CellType(n),
    module=lambda n: made_module(n), memoryview=lambda n: memoryview(buffer_of(n)),
    closure=lambda n: (lambda: n), default=lambda n: (lambda x=n: x), kw_default=lambda n: (lambda *, x=n: x),
    function_dict=lambda n: with_attribute(lambda: 1, n), function_doc=lambda n: with_attribute(lambda: 1, n, "__doc__"),
    function_annotate=lambda n: with_attribute(lambda: 1, n, "__annotate__"),
    function_annotations=lambda n: with_attribute(lambda: 1, {"a": n}, "__annotations__"),
    function_type_params=lambda n: with_attribute(lambda: 1, (n,), "__type_params__"),
    function_globals=lambda n: types.FunctionType((lambda: 1).__code__, {"n": n}),
    class_attribute=lambda n: type("C", (), {"n": n}), class_with_slots=lambda n: type("C", (), {"__slots__": ("a",), "n": n}),
    metaclass=lambda n: type("M", (type,), {"n": n})("C", (), {}),
    class_base=lambda n: type("D", (type("C", (), {"n": n}),), {}),
    class_annotations=lambda n: with_attribute(type("C", (), {}), {"n": n}, "__annotations__"),
    generic_alias=lambda n: types.GenericAlias(list, (n,)), generic_alias_iter=lambda n: iter(types.GenericAlias(list, (n,))),
    union=lambda n: int | types.GenericAlias(list, (n,)),
    exception=lambda n: ValueError(n), exception_cause=lambda n: with_attribute(ValueError(), ValueError(n), "__cause__"),
    exception_context=lambda n: with_attribute(ValueError(), ValueError(n), "__context__"),
    exception_notes=lambda n: with_attribute(ValueError(), [n], "__notes__"), group=lambda n: ExceptionGroup("g", [ValueError(n)]),
    stop_iteration=lambda n: StopIteration(n), system_exit=lambda n: SystemExit(n),
    os_error=lambda n: OSError(1, n, n), import_error=lambda n: ImportError("a", name=n, path=n),
    name_error=lambda n: with_attribute(NameError(), n, "name"), attribute_error=lambda n: AttributeError("a", obj=n),
    syntax_error=lambda n: SyntaxError("a", ("f", 1, 1, n)),
    unicode_error=lambda n: with_attribute(UnicodeDecodeError("a", b"b", 0, 1, "r"), n, "attribute"), key_error=lambda n: KeyError(n),
    structseq=lambda n: os.stat_result([n] * 10), structseq_more=lambda n: os.stat_result(range(10), {"st_atime": n}),
    weak_callback=lambda n: weakref.ref(Kept, n), weak_proxy_callback=lambda n: weakref.proxy(Kept, n),
    weak_keys=lambda n: held_in(weakref.WeakKeyDictionary(), n),
)
Kept = type("Kept", (), {})


def made_module(n):
    m = types.ModuleType("m")
    m.n = n
    return m


def with_attribute(obj, value, name="attribute"):
    setattr(obj, name, value)
    return obj


def held_in(mapping, n):
    mapping[Kept] = n
    return mapping


def buffer_of(n):
    class Buffer:
        def __buffer__(self, flags):
            return memoryview(bytearray(b"abc"))

        def __release_buffer__(self, view):
            pass

    b = Buffer()
    b.n = n
    return b


@holder
def bytearray_view(n):
    class B(bytearray):
        pass

    b = B(b"abc")
    b.n = n
    return memoryview(b)


def generator_of(n):
    yield n


def started(g):
    next(g)
    return g


async def coroutine_of(n):
    await n


async def async_generator_of(n):
    yield n


def begun(c):
    c.send(None)
    return c


simply(
    generator=generator_of, generator_started=lambda n: started(generator_of(n)), generator_expression=lambda n: (x for x in [n]),
    coroutine=lambda n: begun(coroutine_of(n)),
    coroutine_wrapper=lambda n: begun(coroutine_of(n)).__await__(), async_generator=async_generator_of,
    asend=lambda n: async_generator_of(n).asend(None), athrow=lambda n: async_generator_of(n).athrow(ValueError),
    aclose=lambda n: async_generator_of(n).aclose(), anext_default=lambda n: anext(n, n), generator_frame=lambda n: started(generator_of(n)).gi_frame,
    types_coroutine=lambda n: types.coroutine(generator_of)(n),
)


@holder
def traceback(n):
    def f(held):
        raise ValueError

    try:
        f(n)
    except ValueError as e:
        return e.__traceback__


@holder
def frame(n):
    def f(held):
        return sys._getframe()

    return f(n)


@holder
def frame_locals(n):
    def f(held):
        return sys._getframe().f_locals

    return f(n)


@holder
def frame_trace(n):
    f = started(generator_of(1)).gi_frame
    f.f_trace = n
    return f


simply(
    accumulate=lambda n: itertools.accumulate(n), accumulate_function=lambda n: itertools.accumulate([], n),
    accumulate_initial=lambda n: itertools.accumulate([], initial=n), batched=lambda n: itertools.batched(n, 2),
    chain=lambda n: itertools.chain(n), chain_inner=lambda n: itertools.chain.from_iterable([n]),
    combinations=lambda n: itertools.combinations([n, n, n], 2), with_replacement=lambda n: itertools.combinations_with_replacement([n], 2),
    compress=lambda n: itertools.compress(n, [1]), compress_selectors=lambda n: itertools.compress([1], n),
    count=lambda n: itertools.count(decimal_of(n)), cycle=lambda n: itertools.cycle([n]), cycle_saved=lambda n: started(itertools.cycle([n, n])),
    dropwhile=lambda n: itertools.dropwhile(n, []), takewhile=lambda n: itertools.takewhile(n, []),
    filterfalse=lambda n: itertools.filterfalse(n, []), groupby=lambda n: itertools.groupby([], n),
    groupby_value=lambda n: started(itertools.groupby([n, n])),
    grouper=lambda n: next(itertools.groupby([n]))[1], islice=lambda n: itertools.islice(n, 5), pairwise=lambda n: itertools.pairwise(n),
    pairwise_old=lambda n: started(itertools.pairwise([n, n, 1])), permutations=lambda n: itertools.permutations([n]),
    product=lambda n: itertools.product([n], [n]), repeat=lambda n: itertools.repeat(n), starmap=lambda n: itertools.starmap(n, []),
    tee=lambda n: itertools.tee(iter([n]))[0], tee_data=lambda n: advanced_tee(n), zip_longest=lambda n: itertools.zip_longest([], fillvalue=n),
    partial=lambda n: functools.partial(n), partial_args=lambda n: functools.partial(int, n), partial_keywords=lambda n: functools.partial(int, k=n),
    lru_cache=lambda n: cached(n, None), lru_bounded=lambda n: cached(n, 4), lru_none=lambda n: functools.lru_cache(0)(n),
    lru_key=lambda n: cached_key(n), cmp_to_key=lambda n: functools.cmp_to_key(n), cmp_key=lambda n: functools.cmp_to_key(int)(n),
    partialmethod=lambda n: functools.partialmethod(n), singledispatch=lambda n: functools.singledispatch(lambda x: n),
    cached_property=lambda n: functools.cached_property(n),
    deque=lambda n: collections.deque([n]), deque_iterator=lambda n: iter(collections.deque([n])),
    deque_reversed=lambda n: reversed(collections.deque([n])), defaultdict=lambda n: collections.defaultdict(n),
    ordered=lambda n: collections.OrderedDict(a=n),
    ordered_key=lambda n: collections.OrderedDict({n: 1}), ordered_attribute=lambda n: with_attribute(collections.OrderedDict(), n),
    ordered_iterator=lambda n: iter(collections.OrderedDict({n: 1})), ordered_keys=lambda n: collections.OrderedDict({n: 1}).keys(),
    ordered_items=lambda n: iter(collections.OrderedDict(a=n).items()),
    counter=lambda n: collections.Counter([n]), chain_map=lambda n: collections.ChainMap({1: n}),
    tuple_getter=lambda n: collections._tuplegetter(0, n), user_list=lambda n: collections.UserList([n]),
    named_tuple=lambda n: collections.namedtuple("T", "a")(n),
    attrgetter=lambda n: with_subclass(operator.attrgetter, n), itemgetter=lambda n: operator.itemgetter(n),
    itemgetters=lambda n: operator.itemgetter(n, n), methodcaller=lambda n: operator.methodcaller("a", n),
    methodcaller_keywords=lambda n: operator.methodcaller("a", k=n),
    context_token=lambda n: token_of(n), context_var=lambda n: contextvars.ContextVar("v", default=n),
    context_items=lambda n: iter(context_of(n).items()), context_values=lambda n: iter(context_of(n).values()),
    thread_local=lambda n: with_attribute(threading.local(), n), thread_local_args=lambda n: local_of(n),
    simple_queue=lambda n: put(queue.SimpleQueue(), n), queue=lambda n: put(queue.Queue(), n), thread=lambda n: threading.Thread(target=n),
    timer=lambda n: threading.Timer(1, n),
    future=lambda n: with_result(loop.create_future(), n), future_callback=lambda n: calling_back(loop.create_future(), n),
    future_exception=lambda n: failed(loop.create_future(), n), future_attribute=lambda n: calling_back(with_subclass_of_future(n), int),
    future_iterator=lambda n: iter(with_result(loop.create_future(), n)),
    template=lambda n: t"a{n}b", interpolation=lambda n: string.templatelib.Interpolation(n), template_iterator=lambda n: iter(t"{n}"),
    type_var=lambda n: typing.TypeVar("T", bound=n), type_var_constraints=lambda n: typing.TypeVar("T", n, int),
    type_var_default=lambda n: typing.TypeVar("T", default=n), param_spec=lambda n: typing.ParamSpec("P", default=n),
    param_spec_bound=lambda n: typing.ParamSpec("P", bound=n),
    param_spec_args=lambda n: typing.ParamSpec("P", default=n).args, type_var_tuple=lambda n: typing.TypeVarTuple("T", default=n),
    type_alias=lambda n: typing.TypeAliasType("A", n), type_alias_lazy=lambda n: lazy_alias(n), type_var_lazy=lambda n: lazy_bound(n),
    generic_sub=lambda n: typing.TypeAliasType("A", int, type_params=(typing.TypeVar("T", default=n),)),
    forward=lambda n: annotationlib.ForwardRef("a", owner=n),
    pickler=lambda n: with_attribute(pickle.Pickler(io.BytesIO()), n, "persistent_id"), pickler_file=lambda n: pickle.Pickler(n),
    pickler_memo=lambda n: dumped(n), pickler_callback=lambda n: pickle.Pickler(io.BytesIO(), 5, buffer_callback=n),
    pickler_table=lambda n: with_attribute(pickle.Pickler(io.BytesIO()), {1: n}, "dispatch_table"),
    unpickler=lambda n: unpickler_of(n), unpickler_loader=lambda n: with_attribute(pickle.Unpickler(io.BytesIO()), n, "persistent_load"),
    pickle_buffer=lambda n: pickle.PickleBuffer(buffer_of(n)),
    pickler_memo_proxy=lambda n: dumped(n).memo,
    csv_reader=lambda n: csv.reader(n), csv_writer=lambda n: csv.writer(n), json_scanner=lambda n: json.decoder.JSONDecoder(object_hook=n).scan_once,
    json_encoder=lambda n: encoder_of(n), json_decoder=lambda n: json.JSONDecoder(parse_float=n),
    struct_attribute=lambda n: with_subclass(struct.Struct, n, "i"), struct_iterator=lambda n: struct.iter_unpack("b", buffer_of(n)),
    sre_match=lambda n: re.match(b"abc", buffer_of(n)),
    buffered_reader=lambda n: io.BufferedReader(n), buffered_writer=lambda n: io.BufferedWriter(n), buffered_random=lambda n: io.BufferedRWPair(n, n),
    text_wrapper=lambda n: io.TextIOWrapper(n, "utf-8"), string_io=lambda n: with_attribute(io.StringIO(), n),
    bytes_io=lambda n: with_attribute(io.BytesIO(), n), bytes_io_buffer=lambda n: with_attribute(io.BytesIO(), n).getbuffer(),
    raw_file=lambda n: with_attribute(io.FileIO(os.devnull), n), newline_decoder=lambda n: io.IncrementalNewlineDecoder(n, True),
    text_attribute=lambda n: with_attribute(io.TextIOWrapper(io.BytesIO()), n),
    xml_element=lambda n: etree.Element("a", {"k": n}), xml_text=lambda n: with_attribute(etree.Element("a"), n, "text"),
    xml_tail=lambda n: with_attribute(etree.Element("a"), n, "tail"), xml_tag=lambda n: etree.Element(n),
    xml_children=lambda n: appended(etree.Element("a"), n), xml_iterator=lambda n: appended(etree.Element("a"), n).iter(),
    xml_builder=lambda n: etree.TreeBuilder(n), xml_parser=lambda n: etree.XMLParser(target=n),
    expat=lambda n: with_attribute(xml.parsers.expat.ParserCreate(), n, "StartElementHandler"),
    random=lambda n: with_attribute(random.Random(1), n), socket=lambda n: with_subclass(socket.socket, n),
    array=lambda n: with_subclass(array.array, n, "b"), array_iterator=lambda n: iter(with_subclass(array.array, n, "b")),

    ctypes_function=lambda n: ctypes.CFUNCTYPE(None)(n), ctypes_object=lambda n: ctypes.py_object(n),
    ctypes_array=lambda n: (ctypes.py_object * 2)(n), ctypes_pointer=lambda n: ctypes.pointer(ctypes.py_object(n)),
    ctypes_attribute=lambda n: with_attribute(type("S", (ctypes.Structure,), {"_fields_": [("a", ctypes.c_int)]})(), n),
    ast=lambda n: ast.Name(n), abc_class=lambda n: abc.ABCMeta("A", (), {"n": n}),
    signature=lambda n: inspect.Parameter("a", inspect.Parameter.KEYWORD_ONLY, default=n),
    instance_method=lambda n: n.__call__, descriptor_call=lambda n: functools.partial(int.__add__, n),
    bound_classmethod=lambda n: classmethod(n).__get__(None, int), weak_method=lambda n: weakref.WeakMethod(Kept2.m, n),
    selector=lambda n: registered(selectors.DefaultSelector(), n), stream_reader=lambda n: with_attribute(asyncio.StreamReader(loop=loop), n),
    task_waiting=lambda n: task_waiting(n), task_done=lambda n: task_of(n), async_event=lambda n: with_attribute(asyncio.Event(), n),
    dynamic_attribute=lambda n: types.DynamicClassAttribute(n), union_typing=lambda n: typing.Union[typing.TypeVar("T", bound=n), int], )


class Kept2:
    def m(self):
        pass


Kept2 = Kept2()


def decimal_of(n):
    class F(float):
        pass

    f = F(1)
    f.n = n
    return f


def advanced_tee(n):
    a, b = itertools.tee([n, n])
    next(a)
    return b


def cached(n, size):
    f = functools.lru_cache(size)(lambda x: n)
    f(1)
    return f


def cached_key(n):
    f = functools.lru_cache(4)(int_of)
    f(n)
    return f


def int_of(x):
    return 1


def with_subclass(cls, n, *args):
    made = type("Sub", (cls,), {})(*(args or (("a",) if cls is operator.attrgetter else ()))) if cls is not operator.attrgetter else functools.partial(operator.attrgetter("a"), n)
    if cls is not operator.attrgetter:
        made.attribute = n
    return made


def with_subclass_of_future(n):
    f = type("F", (asyncio.Future,), {})(loop=loop)
    f.attribute = n
    return f


def context_of(n):
    c = contextvars.Context()
    c.run(contextvars.ContextVar("v").set, n)
    return c


def token_of(n):
    v = contextvars.ContextVar("v")
    return contextvars.Context().run(lambda: (v.set(n), v.set(1))[1])


def local_of(n):
    class L(threading.local):
        def __init__(self, n):
            pass

    return L(n)


def put(q, n):
    q.put(n)
    return q


def with_result(f, n):
    f.set_result(n)
    return f


def calling_back(f, n):
    f.add_done_callback(n)
    return f


def failed(f, n):
    f.set_exception(ValueError(n))
    f.exception()
    return f


def lazy_alias(n):
    type A[T] = n
    return A


def lazy_bound(n):
    def f[T: n](x): ...
    return f.__type_params__[0]


def dumped(n):
    p = pickle.Pickler(io.BytesIO())
    p.dump([Kept])
    p.memo = {id(n): (0, n)}
    return p


def unpickler_of(n):
    class F(io.BytesIO):
        pass

    f = F()
    f.n = n
    return pickle.Unpickler(f)


def encoder_of(n):
    return json.encoder.c_make_encoder({}, n, str, None, ":", ",", False, False, True)


def appended(e, n):
    e.append(etree.Element(n))
    return e


def created(c, n):
    c.create_function("f", 1, n)
    return c


def traced(c, n):
    c.set_trace_callback(n)
    return c


def zone(n):
    class Z(datetime.tzinfo):
        def utcoffset(self, d):
            return datetime.timedelta(0)

        def fromutc(self, d):
            return d

    z = Z()
    z.n = n
    return z


def delta(n):
    class D(datetime.timedelta):
        pass

    d = D(hours=1)
    d.n = n
    return d


def registered(s, n):
    s.close()
    s.data = n
    return s


def task_of(n):
    async def f():
        return n

    t = loop.create_task(f())
    loop.run_until_complete(t)
    return t


def task_waiting(n):
    async def f():
        await waited

    waited = loop.create_future()
    task = asyncio.Task(f(), loop=loop)
    task.add_done_callback(n)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.call_exception_handler = lambda context: None
    return waited


def check(name, make):
    node = Node()
    node.held = make(node)
    gone = weakref.ref(node)
    del node
    before = gone() is None
    gc.collect()
    gc.collect()
    print(name, "goes by itself" if before else "found" if gone() is None else "stays")


for name, make in HOLDERS:
    check(name, make)
