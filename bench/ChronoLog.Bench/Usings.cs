global using ChronoLog.Core.Model;
global using ChronoLog.Core.Protocol;
