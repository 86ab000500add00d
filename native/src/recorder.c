/* placeholder, filled in next */
typedef int chrono_recorder_unit;
