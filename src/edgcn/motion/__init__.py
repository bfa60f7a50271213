"""Procedural people: unlimited clips of human motion made from kinematics, none recorded."""
