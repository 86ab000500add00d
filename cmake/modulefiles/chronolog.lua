-- ChronoLog for Lmod, wherever this tree lies: PREFIX/share/modulefiles/chronolog/VERSION.lua
local prefix = myFileName():match("^(.*)/share/modulefiles/chronolog/[^/]*$")

help([[ChronoLog: a distributed, tiered, time-ordered log. See chronolog(1) and chronolog(3).]])
whatis("ChronoLog: a distributed, tiered, time-ordered log")
conflict("chronolog")

setenv("CHRONOLOG_ROOT", prefix)
prepend_path("PATH", pathJoin(prefix, "bin"))
prepend_path("MANPATH", pathJoin(prefix, "share/man"))
append_path("MANPATH", "") -- the system's own pages stay
prepend_path("LD_LIBRARY_PATH", pathJoin(prefix, "lib"))
prepend_path("LIBRARY_PATH", pathJoin(prefix, "lib"))
prepend_path("CPATH", pathJoin(prefix, "include"))
prepend_path("PKG_CONFIG_PATH", pathJoin(prefix, "lib/pkgconfig"))
prepend_path("CMAKE_PREFIX_PATH", prefix)
prepend_path("PYTHONPATH", pathJoin(prefix, "lib/python3/site-packages"))
