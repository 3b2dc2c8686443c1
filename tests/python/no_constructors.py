"""Native types whose instances no program can make, however it asks."""

import types


def shown(function, *args):
    try:
        return f"{type(function(*args)).__name__} made"
    except TypeError as error:
        return str(error)


def generator():
    yield


async def coroutine():
    pass


async def asynchronous():
    yield

made = coroutine()
TYPES = [types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType, types.BuiltinFunctionType,
         types.WrapperDescriptorType, types.MethodWrapperType, types.MethodDescriptorType, types.ClassMethodDescriptorType,
         types.GetSetDescriptorType, types.MemberDescriptorType, type(asynchronous().asend(None)), type(made.__await__()),
         type({}.keys()), type({}.items()), type({}.values()), type(iter({})), type(iter([])), type(iter(())), type(iter("")),
         type(iter(set())), type(iter(range(0))), type(iter(b"")), type(...), type(None), type(NotImplemented)]
made.close()
for cls in TYPES:
    print(cls.__name__, "|", shown(cls), "|", shown(object.__new__, cls), "|", shown(cls, 1))
