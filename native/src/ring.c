/* placeholder, filled in next */
typedef int chrono_ring_unit;
