"""The importer of the embedded library: a path hook for the folder that the library seems to live in.

The folder is on no disk. Its entry stands on ``sys.path`` where the folder of the standard library stands elsewhere, so that
modules of the program shadow the library's in the usual way.
"""
import _frozen_importlib as _bootstrap
import _imp

ROOT = _imp.library_root()


class LibraryLoader:
    """Serves code, source and data of one embedded module."""

    def __init__(self, name, path, is_package):
        self.name = name
        self.path = path
        self._is_package = is_package

    def __eq__(self, other):
        return self.__class__ is other.__class__ and self.__dict__ == other.__dict__

    def __hash__(self):
        return hash(self.name) ^ hash(self.path)

    def __repr__(self):
        return f'{type(self).__name__}({self.name!r}, {self.path!r})'

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        _bootstrap._call_with_frames_removed(exec, _imp.library_code(self.name), module.__dict__)

    def load_module(self, fullname):
        return _bootstrap._load_module_shim(self, fullname)

    def is_package(self, fullname=None):
        return self._is_package

    def get_filename(self, fullname=None):
        return self.path

    def get_code(self, fullname=None):
        return _imp.library_code(self.name)

    def get_source(self, fullname=None):
        return _imp.library_source(self.name)

    def get_data(self, path):
        data = _imp.library_data(path)
        if data is None:
            raise FileNotFoundError(2, 'No such file or directory', path)
        return data

    def get_resource_reader(self, name):
        from importlib.resources.abc import TraversableResources

        class Reader(TraversableResources):
            def files(reader):
                return LibraryPath(self.path.rpartition('/')[0])

        return Reader()


class LibraryPath:
    """A file or folder of the embedded library, as ``importlib.resources`` walks them."""

    def __init__(self, path):
        self._path = path

    @property
    def name(self):
        return self._path.rpartition('/')[2]

    def __repr__(self):
        return f'{type(self).__name__}({self._path!r})'

    def __str__(self):
        return self._path

    def iterdir(self):
        for name in _imp.library_list(self._path):
            yield LibraryPath(f'{self._path}/{name}')

    def is_dir(self):
        return bool(_imp.library_list(self._path))

    def is_file(self):
        return not self.is_dir() and _imp.library_data(self._path) is not None

    def joinpath(self, *names):
        return LibraryPath('/'.join([self._path, *map(str, names)]))

    def __truediv__(self, name):
        return self.joinpath(name)

    def read_bytes(self):
        data = _imp.library_data(self._path)
        if data is None:
            raise FileNotFoundError(2, 'No such file or directory', self._path)
        return data

    def read_text(self, encoding=None, errors='strict'):
        return self.read_bytes().decode(encoding or 'utf-8', errors)

    def open(self, mode='r', *args, **kwargs):
        import io
        stream = io.BytesIO(self.read_bytes())
        return stream if 'b' in mode else io.TextIOWrapper(stream, *args, **kwargs)


class LibraryFinder:
    """Finds the modules of one folder of the embedded library."""

    def __init__(self, folder):
        self.path = folder
        inside = folder[len(ROOT) + 1:].replace('/', '.')
        self._prefix = inside + '.' if inside else ''

    def __repr__(self):
        return f'{type(self).__name__}({self.path!r})'

    def find_spec(self, fullname, target=None):
        name = self._prefix + fullname.rpartition('.')[2]
        found = _imp.library_find(name)
        if found is None:
            return None
        is_package, path = found
        loader = LibraryLoader(name, path, is_package)
        spec = _bootstrap.ModuleSpec(fullname, loader, origin=path, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations.append(path.rpartition('/')[0])
        return spec

    def iter_modules(self, prefix=''):
        for name in _imp.library_list(self.path):
            if name.endswith('.py'):
                if name != '__init__.py':
                    yield prefix + name[:-3], False
            elif '__init__.py' in _imp.library_list(f'{self.path}/{name}'):
                yield prefix + name, True

    def invalidate_caches(self):
        pass


def path_hook(path):
    """The entry of ``sys.path_hooks``."""
    if path == ROOT or path.startswith(ROOT + '/'):
        return LibraryFinder(path)
    raise ImportError('not a folder of the embedded library', path=path)
